#pragma once
// What a user bought together: the rows of a log by orders, before those on one pair are merged.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/log/events.hpp"
#include "distributed/rows/sparse_rows.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Into which part of a dataset a row went. The first three are those of EventPart.
enum class LinePart : std::int32_t { training, heldout, given, validation, validation_given };
inline constexpr std::int32_t line_part_count = 5;

/// Orders with their lines, which are rows of the log. Users are counted as a DatasetReader of TrainedOn::all counts
/// them: those of the training part, then those held out whole. Orders ascend by user, time, and a number that follows
/// their ids, which are not kept.
struct Orders {
  RowRange users;                                               ///< of whom all orders are here
  Index total_users = 0;                                        ///< over all ranks
  std::vector<Index> offsets{0};                                ///< users.size() + 1: each user's orders, local, from 0
  std::optional<std::vector<std::int64_t>> times_seconds = {};  ///< of each order's earliest line; if the log has times
  std::vector<double> amounts;  ///< of each order: its values, added one after the other
  /// Orders x items. A column repeats if several rows of an order are on one item. Values are the log's, after the
  /// rules that clean it and before any transform, decay or merge.
  CsrRows<double> lines;
  std::vector<LinePart> parts;  ///< of each line

  [[nodiscard]] Index size() const { return lines.rows.size(); }
};

/// A row of the log on its way to its order.
struct OrderLine {
  std::int64_t position = 0;
  std::int64_t time_microseconds = 0;
  double value = 0;
  Index user = 0;          ///< as Orders counts them
  std::int32_t order = 0;  ///< ascends with the ids
  std::int32_t item = 0;
  LinePart part = LinePart::training;
};

/// The day of each event (UTC), as the number of its order.
[[nodiscard]] std::vector<std::int32_t> days_of(const UserEvents& events);

/// Different orders of these events, two users' being two. `orders` has the number of each event's. Local.
[[nodiscard]] Index count_orders(const UserEvents& events, std::span<const std::int32_t> orders);

/// Lines of these events, ascending by position; none if there are no orders. Local.
[[nodiscard]] std::vector<OrderLine> order_lines(const UserEvents& events, std::span<const std::int32_t> orders);

/// The lines of the events that are left, with their users, items and parts. `heldout_users`: local ones, ascending,
/// who are held out whole. Collective over comm.
void place_lines(const Communicator& comm, const UserEvents& events, std::span<const Index> heldout_users,
                 std::vector<OrderLine>& lines);

/// Lines of training events that a split has divided again, for a validation part. Local.
void mark_validation(const UserEvents& events, std::vector<OrderLine>& lines);

/// What all lines are of.
struct OrderedLog {
  Index users = 0;  ///< those held out whole, too
  Index items = 0;
  bool timed = false;
};

/// The orders of all lines, users in even shares. The same on any number of ranks, whatever the order of the log's
/// rows. Collective over comm.
[[nodiscard]] Orders orders_of(const Communicator& comm, std::vector<OrderLine> lines, const OrderedLog& log);

}  // namespace rankwise
