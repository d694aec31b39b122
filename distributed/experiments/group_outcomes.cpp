#include "distributed/experiments/group_outcomes.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace rankwise {

namespace {

constexpr double unit = 1e6;  // millionths

/// Values of those in a group that are at most `bound`, and how many are in a group, over all ranks.
Index count_until(const Communicator& comm, std::span<const std::int64_t> values,
                  std::span<const std::int32_t> group_of, std::int64_t bound) {
  Index count = 0;
  for (std::size_t place = 0; place < values.size(); ++place)
    count += group_of[place] >= 0 && values[place] <= bound ? 1 : 0;
  return comm.sum(count);
}

/// Towards 0 if it is positive: 12345 is 12000.
std::int64_t rounded_down(std::int64_t value) {
  std::int64_t unit_of_two = 1;
  while (value / unit_of_two >= 100) unit_of_two *= 10;
  return value > 0 ? value / unit_of_two * unit_of_two : value;
}

}  // namespace

std::vector<GroupOutcome> sum_outcomes(const Communicator& comm, std::span<const CellMember> members, Index cells,
                                       std::span<const std::int32_t> group_of, Index groups,
                                       std::span<const std::int64_t> outcomes, std::span<const std::int64_t> past) {
  const auto size = static_cast<std::size_t>(cells * groups);
  std::vector<OutcomeSums> sums(size);
  std::vector<Index> contributors(size, 0);
  std::vector<WideSum> magnitudes(size);
  std::vector<std::int64_t> largest(size, 0);
  for (const CellMember& member : members) {
    const auto customer = static_cast<std::size_t>(member.customer);
    if (group_of[customer] < 0) continue;
    const auto place = static_cast<std::size_t>(member.cell * groups + group_of[customer]);
    const std::int64_t value = outcomes[customer];
    sums[place].add(value, past[customer]);
    contributors[place] += value != 0 ? 1 : 0;
    magnitudes[place].add(std::abs(value));
    largest[place] = std::max(largest[place], std::abs(value));
  }
  comm.all_reduce_sum(numbers_of(sums));
  comm.all_reduce_sum(std::span<Index>(contributors));
  comm.all_reduce_sum(numbers_of(magnitudes));
  comm.all_reduce_max(std::span<std::int64_t>(largest));
  std::vector<GroupOutcome> all;
  for (std::size_t place = 0; place < size; ++place) {
    all.push_back({.sums = sums[place],
                   .contributors = contributors[place],
                   .magnitude = units_of(magnitudes[place]),
                   .largest = static_cast<double>(largest[place]) / unit});
  }
  return all;
}

std::int64_t pooled_quantile(const Communicator& comm, std::span<const std::int64_t> values,
                             std::span<const std::int32_t> group_of, double share) {
  const Index count = count_until(comm, values, group_of, std::numeric_limits<std::int64_t>::max());
  if (count == 0) return 0;
  const auto wanted = static_cast<Index>(std::ceil(share * static_cast<double>(count)));
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  std::int64_t most = std::numeric_limits<std::int64_t>::min();
  for (std::size_t place = 0; place < values.size(); ++place) {
    if (group_of[place] < 0) continue;
    least = std::min(least, values[place]);
    most = std::max(most, values[place]);
  }
  least = comm.min(least);
  most = comm.max(most);
  while (least < most) {  // the answer is in [least, most]; both are within 2^62
    const std::int64_t middle = least + (most - least) / 2;
    if (count_until(comm, values, group_of, middle) >= wanted) {
      most = middle;
    } else {
      least = middle + 1;
    }
  }
  return least;
}

MoneyCut money_cut(const Communicator& comm, std::span<const std::int64_t> values,
                   std::span<const std::int32_t> group_of, Index groups, double share, Index least) {
  MoneyCut cut;
  cut.bound_millionths = rounded_down(pooled_quantile(comm, values, group_of, share));
  std::vector<CellMember> members;
  std::vector<std::int64_t> above;
  for (const std::int64_t value : values) {
    members.push_back({static_cast<std::int32_t>(above.size()), 0});
    above.push_back(std::max<std::int64_t>(value, cut.bound_millionths) - cut.bound_millionths);
  }
  const std::vector<std::int64_t> past(values.size(), 0);
  cut.is_printable = true;
  Index all = 0;
  for (const GroupOutcome& group : sum_outcomes(comm, members, 1, group_of, groups, above, past)) {
    all += group.contributors;
    if (group.contributors > 0 && (group.contributors < least || group.is_dominated())) cut.is_printable = false;
  }
  cut.is_printable = cut.is_printable && all > 0;
  return cut;
}

}  // namespace rankwise
