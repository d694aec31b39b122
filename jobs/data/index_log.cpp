#include "jobs/data/index_log.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "distributed/comm/key_exchange.hpp"
#include "distributed/rows/id_dictionary.hpp"
#include "distributed/rows/redistribute.hpp"
#include "jobs/data/prepare_messages.hpp"

namespace rankwise {

namespace {
/// Stops at the earliest row of `mine` over all ranks, with its fault beside the earlier row of that user and item.
void refuse_repeat(const Communicator& comm, const InteractionLog& log, const RepeatedPair& mine,
                   std::string_view fault) {
  const std::int64_t earliest = comm.min(mine.second);
  std::optional<Error> error;
  if (mine.second == earliest && earliest != RepeatedPair{}.second) {
    error = Error(ExitCode::bad_data,
                  fmt::format("{}: repeats the user and item of {} {}", log.place(InputPosition(mine.second)),
                              log.place(InputPosition(mine.first)), fault));
  }
  agree(comm, error);
}

/// A marked row on its way to the owner of its user.
struct PlacedMark {
  Index user = 0;
  MarkedRow row;
};

/// Rows outside of training, by user for now; the log has none then. Local.
std::vector<PlacedMark> take_marks(const std::vector<std::int32_t>& users, InteractionLog& log) {
  std::vector<PlacedMark> marks;
  for (std::size_t row = 0; row < log.split_marks.size(); ++row) {
    const SplitMark mark = log.split_marks[row];
    if (mark != SplitMark::training) marks.push_back({users[row], {log.positions[row], mark}});
  }
  log.split_marks = {};
  return marks;
}

/// Each rank gets the marked rows of its users, ascending. Collective.
std::vector<MarkedRow> at_owners(const Communicator& comm, std::vector<PlacedMark> marks, const Partition& users) {
  std::vector<Index> counts;
  const std::vector<PlacedMark> sorted = sorted_by_owner(
      std::span<const PlacedMark>(marks), comm.size(), [&](const PlacedMark& one) { return users.owner(one.user); },
      counts);
  marks = {};
  std::vector<MarkedRow> rows;
  for (const PlacedMark& one : comm.exchange(std::span<const PlacedMark>(sorted), counts).values) {
    rows.push_back(one.row);
  }
  std::ranges::sort(rows, {}, &MarkedRow::position);
  return rows;
}

/// The number of each row's order, by user for now; the log has none then. Collective.
std::vector<PlacedValue<std::int32_t>> take_orders(const Communicator& comm, const std::vector<std::int32_t>& users,
                                                   InteractionLog& log, std::optional<Index>& order_ids) {
  std::vector<PlacedValue<std::int32_t>> orders;
  if (!log.ordered) return orders;
  const IdDictionary ids = build_id_dictionary(comm, std::exchange(log.orders, {}));
  order_ids = ids.rows.total_rows;
  for (std::size_t row = 0; row < users.size(); ++row) {
    orders.push_back({users[row], log.positions[row], ids.index[row]});
  }
  return orders;
}

/// And of each row's quantity. Local.
std::vector<PlacedValue<double>> take_quantities(const std::vector<std::int32_t>& users, InteractionLog& log) {
  std::vector<PlacedValue<double>> quantities;
  for (std::size_t row = 0; row < log.quantities.size(); ++row) {
    quantities.push_back({users[row], log.positions[row], log.quantities[row]});
  }
  log.quantities = {};
  return quantities;
}
}  // namespace

IndexedLog index_log(JobContext& context, InteractionLog& log) {
  const auto timer = context.report.phase("index ids");
  const Communicator& comm = context.comm;
  IdDictionary users = build_id_dictionary(comm, std::exchange(log.users, {}));
  IdDictionary items = build_id_dictionary(comm, std::exchange(log.items, {}));
  const auto as_it_is = [](std::string_view id) { return std::string(id); };
  tell_variants(comm, context.report, "user", users.rows, as_it_is);
  tell_variants(comm, context.report, "item", items.rows, as_it_is);
  std::vector<PlacedValue<double>> quantities = take_quantities(users.index, log);
  std::optional<Index> order_ids;
  std::vector<PlacedValue<std::int32_t>> orders = take_orders(comm, users.index, log, order_ids);
  std::vector<PlacedMark> marks = take_marks(users.index, log);
  IndexedRows rows{.users = std::move(users.index),
                   .items = std::move(items.index),
                   .values = std::exchange(log.values, {}),
                   .times_microseconds = std::exchange(log.times_microseconds, {}),
                   .positions = std::exchange(log.positions, {}),
                   .folds = std::exchange(log.folds, {}),
                   .timed = log.timed,
                   .folded = log.folded};
  const Partition partition = Partition::by_count(users.rows.total_rows, comm.size());
  IndexedLog indexed;
  indexed.events = events_by_user(comm, std::move(rows), partition, items.rows.total_rows, context.common.threads);
  if (log.quantified) indexed.quantities = values_by_user(comm, std::move(quantities), partition, indexed.events);
  if (log.ordered) indexed.orders = values_by_user(comm, std::move(orders), partition, indexed.events);
  if (log.marked) indexed.marked = at_owners(comm, std::move(marks), partition);
  indexed.order_ids = order_ids;
  indexed.users = redistribute(comm, users.rows, partition);
  indexed.items = std::move(items.rows);
  return indexed;
}

void check_duplicates(JobContext& context, DuplicatePolicy policy, const InteractionLog& log,
                      const IndexedLog& indexed) {
  const UserEvents& events = indexed.events;
  const auto timer = context.report.phase("duplicates");
  if (policy == DuplicatePolicy::error) {
    refuse_repeat(context.comm, log, earliest_repeat(events), "(--duplicates error)");
  }
  if (events.folded) {
    refuse_repeat(context.comm, log, earliest_contradiction(events), "with another fold; expected one fold for a pair");
  }
  const DuplicateCounts mine = count_duplicates(events, indexed.lines);
  tell_duplicates(context.report, {context.comm.sum(mine.repeated), context.comm.sum(mine.exact)}, policy);
}

}  // namespace rankwise
