#include "distributed/itemcf/long_users.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>
#include <vector>

#include "kernels/base/philox.hpp"

namespace rankwise {

namespace {

/// Places of the entries that stay, ascending: those with the smallest draws, ties to the lower item.
std::vector<Index> drawn_entries(const DrawKeys& keys, std::uint64_t seed, Index user, std::span<const Index> items,
                                 Index most) {
  std::vector<std::pair<double, Index>> draws;
  draws.reserve(items.size());
  for (std::size_t e = 0; e < items.size(); ++e) {
    draws.emplace_back(pair_draw(seed, RandomPurpose::long_users, keys.users[static_cast<std::size_t>(user)],
                                 keys.items[static_cast<std::size_t>(items[e])]),
                       static_cast<Index>(e));
  }
  std::ranges::nth_element(draws, draws.begin() + most);
  std::vector<Index> kept;
  for (Index d = 0; d < most; ++d) kept.push_back(draws[static_cast<std::size_t>(d)].second);
  std::ranges::sort(kept);
  return kept;
}

}  // namespace

LongUsers count_long_users(const Communicator& comm, const SparseRows& rows, Index most) {
  LongUsers found;
  std::array<Index, 3> sums{};  // users, their pairs, all pairs
  for (Index r = 0; r < rows.rows.size(); ++r) {
    const Index size = rows.offsets[static_cast<std::size_t>(r) + 1] - rows.offsets[static_cast<std::size_t>(r)];
    found.longest = std::max(found.longest, size);
    sums[2] += size * size;
    if (size <= most) continue;
    ++sums[0];
    sums[1] += size * size;
  }
  comm.all_reduce_sum(std::span<Index>(sums));
  found.longest = comm.max(found.longest);
  found.users = sums[0];
  found.share = sums[2] > 0 ? static_cast<double>(sums[1]) / static_cast<double>(sums[2]) : 0;
  return found;
}

LongUsers cut_long_users(const Communicator& comm, SparseRows& rows, Index most, const DrawKeys& keys,
                         std::uint64_t seed) {
  LongUsers found = count_long_users(comm, rows, most);
  const Index before = rows.entries();
  Index next = 0;   // where the next entry goes
  Index begin = 0;  // of the row as it was
  for (Index r = 0; r < rows.rows.size(); ++r) {
    Index& end = rows.offsets[static_cast<std::size_t>(r) + 1];
    const auto first = static_cast<std::size_t>(begin);
    const Index size = end - begin;
    std::vector<Index> kept;
    if (size > most)
      kept = drawn_entries(keys, seed, r,
                           std::span<const Index>(rows.columns).subspan(first, static_cast<std::size_t>(size)), most);
    const Index stay = size > most ? most : size;
    for (Index e = 0; e < stay; ++e) {
      const std::size_t from = first + static_cast<std::size_t>(size > most ? kept[static_cast<std::size_t>(e)] : e);
      rows.columns[static_cast<std::size_t>(next)] = rows.columns[from];
      rows.values[static_cast<std::size_t>(next)] = rows.values[from];
      ++next;
    }
    begin = end;
    end = next;
  }
  rows.columns.resize(static_cast<std::size_t>(next));
  rows.values.resize(static_cast<std::size_t>(next));
  found.dropped = comm.sum(before - next);
  return found;
}

}  // namespace rankwise
