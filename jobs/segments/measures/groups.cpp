#include "jobs/segments/measures/groups.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>

#include "distributed/segments/group_sums.hpp"
#include "kernels/text/counted.hpp"

namespace rankwise {

namespace {

/// Of the sizes, places that are printed together.
std::vector<char> pooled_places(const std::vector<Index>& sizes, Index least) {
  std::vector<std::size_t> order(sizes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t place) { return sizes[place]; });
  std::vector<char> is_pooled(sizes.size(), 0);
  Index pool = 0;
  for (const std::size_t place : order) {
    if (sizes[place] == 0) continue;
    if (sizes[place] >= least && (pool == 0 || pool >= least)) break;
    is_pooled[place] = 1;
    pool += sizes[place];
  }
  return is_pooled;
}

}  // namespace

std::string shown_customers(Index customers, Index least) {
  return customers < least ? fmt::format("fewer than {} customers", least) : counted(customers, "customer");
}

Groups form_groups(const Communicator& comm, const Division& division, const std::vector<std::int32_t>& segments,
                   Index least, const std::string& path) {
  // 1. Sizes, those in no segment behind all others.
  const std::size_t none = division.keys.size();
  Groups groups;
  for (const std::int32_t segment : segments)
    groups.of_row.push_back(segment < 0 ? static_cast<std::int32_t>(none) : segment);
  const std::vector<Index> sizes = count_by_group(comm, groups.of_row, static_cast<Index>(none) + 1);
  groups.customers = std::accumulate(sizes.begin(), sizes.end(), Index{0});
  if (groups.customers < least) {
    throw AgreedError(ExitCode::bad_data, fmt::format("{}: has {}; expected at least the {} of --least-group", path,
                                                      counted(groups.customers, "customer"), least));
  }

  // 2. The groups, and the place of each segment among them.
  const std::vector<char> is_pooled = pooled_places(sizes, least);
  std::vector<std::int32_t> group_of(sizes.size(), -1);
  Group pool{GroupKind::pool, "", std::string(small_segments_name), 0};
  groups.in_no_segment = sizes[none];
  groups.pools_no_segment = is_pooled[none] != 0;
  for (std::size_t place = 0; place < sizes.size(); ++place) {
    if (is_pooled[place] != 0) {
      pool.customers += sizes[place];
      groups.pooled += place == none ? 0 : 1;
    } else if (sizes[place] > 0) {
      group_of[place] = static_cast<std::int32_t>(groups.list.size());
      groups.list.push_back(place == none
                                ? Group{GroupKind::no_segment, "", std::string(no_segment_name), sizes[place]}
                                : Group{GroupKind::segment, division.keys[place], division.names[place], sizes[place]});
    } else if (place != none) {
      groups.empty += 1;
    }
  }
  const auto pool_place = static_cast<std::int32_t>(groups.list.size());
  if (pool.customers > 0) groups.list.push_back(std::move(pool));
  for (std::int32_t& row : groups.of_row) {
    const std::int32_t place = group_of[static_cast<std::size_t>(row)];
    row = place < 0 ? pool_place : place;
  }
  return groups;
}

}  // namespace rankwise
