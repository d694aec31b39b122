#include "distributed/cleaning/value_transforms.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <vector>

#include "kernels/base/fixed_point_sum.hpp"

namespace rankwise {

namespace {

/// Replaces each value by what `value_of` makes of it; how many became another one.
template <class ValueOf>
Index replace_values(UserEvents& events, const ValueOf& value_of) {
  Index changed = 0;
  for (Event& event : events.events) {
    const double value = value_of(event);
    changed += value != event.value ? 1 : 0;
    event.value = value;
  }
  return changed;
}

void binarize(double threshold, RuleLog& log, TransformCounts& mine) {
  std::vector<char> is_dropped(log.events.events.size(), 0);
  for (std::size_t e = 0; e < is_dropped.size(); ++e) is_dropped[e] = log.events.events[e].value > threshold ? 0 : 1;
  mine.dropped = log.drop(RowRule::transform, is_dropped);
  mine.changed = replace_values(log.events, [](const Event&) { return 1.0; });
}

void take_logarithms(const Communicator& comm, RuleLog& log, TransformCounts& mine) {
  for (const Event& event : log.events.events) {
    if (event.value > -1) continue;
    ++mine.unfit;
    mine.first_unfit = std::min(mine.first_unfit, event.position);
  }
  if (comm.sum(mine.unfit) > 0) return;
  mine.changed = replace_values(log.events, [](const Event& event) { return std::log1p(event.value); });
}

void clip(double low, double high, RuleLog& log, TransformCounts& mine) {
  mine.changed = replace_values(log.events, [&](const Event& event) { return std::clamp(event.value, low, high); });
}

/// Of this rank's users, or of all items, or of one group that everything is in.
struct GroupSums {
  std::vector<std::int64_t> sums;  ///< in fixed point
  std::vector<Index> rows;
};

/// Calls `visit` with each event and its local user.
template <class Visit>
void for_each_event(UserEvents& events, const Visit& visit) {
  for (Index user = 0; user < events.users.size(); ++user) {
    for (Event& event : events.of(user)) visit(user, event);
  }
}

std::size_t group_of(ValueTransform::Mean mean, Index user, const Event& event) {
  if (mean == ValueTransform::Mean::of_all) return 0;
  return static_cast<std::size_t>(mean == ValueTransform::Mean::of_user ? user : Index{event.item});
}

Index groups_of(ValueTransform::Mean mean, const UserEvents& events) {
  if (mean == ValueTransform::Mean::of_all) return 1;
  return mean == ValueTransform::Mean::of_user ? events.users.size() : events.items;
}

/// The sums of training rows; those of groups that several ranks have are over all of them. Collective.
GroupSums sum_groups(const Communicator& comm, ValueTransform::Mean mean, UserEvents& events,
                     const FixedPointScale& scale) {
  const auto groups = static_cast<std::size_t>(groups_of(mean, events));
  GroupSums found{std::vector<std::int64_t>(groups), std::vector<Index>(groups)};
  for_each_event(events, [&](Index user, const Event& event) {
    if (event.part == EventPart::heldout) return;
    const std::size_t group = group_of(mean, user, event);
    found.sums[group] += scale.to_fixed(event.value);
    ++found.rows[group];
  });
  if (mean == ValueTransform::Mean::of_user) return found;
  comm.all_reduce_sum(std::span<std::int64_t>(found.sums));
  comm.all_reduce_sum(std::span<Index>(found.rows));
  return found;
}

void centre(const Communicator& comm, ValueTransform::Mean mean, RuleLog& log, TransformCounts& mine,
            TransformCounts& all) {
  // 1. A grid on which all training rows add up exactly.
  double largest = 0;
  Index rows = 0;
  for (const Event& event : log.events.events) {
    if (event.part == EventPart::heldout) continue;
    largest = std::max(largest, std::fabs(event.value));
    ++rows;
  }
  all.training_rows = comm.sum(rows);
  if (all.training_rows == 0) return;
  const FixedPointScale scale = FixedPointScale::for_terms(comm.max(largest), all.training_rows);

  // 2. Means.
  const auto mean_of = [&](std::int64_t sum, Index count) {
    return scale.from_fixed(sum) / static_cast<double>(count);
  };
  all.mean_of_all =
      mean_of(sum_groups(comm, ValueTransform::Mean::of_all, log.events, scale).sums.front(), all.training_rows);
  const GroupSums groups = sum_groups(comm, mean, log.events, scale);
  const Index means = std::ranges::count_if(groups.rows, [](Index count) { return count > 0; });
  all.means = mean == ValueTransform::Mean::of_user ? comm.sum(means) : means;

  // 3. What is left of each value.
  for_each_event(log.events, [&](Index user, Event& event) {
    const std::size_t group = group_of(mean, user, event);
    const bool has_mean = groups.rows[group] > 0;
    mine.rows_without_mean += has_mean ? 0 : 1;
    const double value = event.value - (has_mean ? mean_of(groups.sums[group], groups.rows[group]) : all.mean_of_all);
    mine.changed += value != event.value ? 1 : 0;
    event.value = value;
  });
}

}  // namespace

TransformCounts transform_values(const Communicator& comm, const ValueTransform& transform, RuleLog& log) {
  TransformCounts mine;
  TransformCounts all;
  switch (transform.kind) {
    case ValueTransform::Kind::binarize:
      binarize(transform.threshold, log, mine);
      break;
    case ValueTransform::Kind::log1p:
      take_logarithms(comm, log, mine);
      break;
    case ValueTransform::Kind::centre:
      centre(comm, transform.mean, log, mine, all);
      break;
    case ValueTransform::Kind::clip:
      clip(transform.low, transform.high, log, mine);
      break;
  }
  std::array counts{mine.dropped, mine.changed, mine.unfit, mine.rows_without_mean};
  comm.all_reduce_sum(std::span<Index>(counts));
  all.dropped = counts[0];
  all.changed = counts[1];
  all.unfit = counts[2];
  all.rows_without_mean = counts[3];
  all.first_unfit = comm.min(mine.first_unfit);
  return all;
}

}  // namespace rankwise
