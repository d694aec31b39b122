#pragma once
// An indexed log on its way through the rules that clean it.

#include <cstdint>
#include <optional>
#include <vector>

#include "distributed/log/events.hpp"
#include "distributed/log/interaction_log.hpp"
#include "distributed/log/rejected_rows.hpp"

namespace rankwise {

/// What a rule did, over all ranks.
struct RuleCounts {
  Index rows_in = 0;
  Index rows_out = 0;
  Index rows_changed = 0;
};

/// Rows that rules may drop or change; what they drop goes to `rejected`.
struct RuleLog {
  UserEvents& events;
  std::vector<double> quantities;  ///< one for each event; empty if none were read
  RejectedRows& rejected;
  std::vector<std::int32_t> orders = {};  ///< numbers of them, one for each event; empty if the log has none

  /// Drops the events that `is_dropped[e]` names, by this rule; how many. Local.
  Index drop(RowRule rule, const std::vector<char>& is_dropped);
};

/// What is known of a row, such as its quantity, on its way to the owner of its user.
template <class Value>
struct PlacedValue {
  Index user = 0;
  std::int64_t position = 0;
  Value value = {};
};

/// In the order of events' rows, which events_by_user made of the same rows; of numbers of 4 or 8 bytes. Collective
/// over comm.
template <class Value>
[[nodiscard]] std::vector<Value> values_by_user(const Communicator& comm, std::vector<PlacedValue<Value>> values,
                                                const Partition& users, const UserEvents& events);

/// Which rows a step that drops rows of events without telling which has dropped: those that are no longer there.
class DropWatch {
 public:
  DropWatch(const UserEvents& before, const RejectedRows& rejected);
  /// `after` holds a part of the rows, in the same order. How many are gone from this rank.
  Index finish(const UserEvents& after, RowRule rule, RejectedRows& rejected) const;

 private:
  Index rows_before_;
  std::vector<std::int64_t> positions_;  // unless only numbers are asked for
};

}  // namespace rankwise
