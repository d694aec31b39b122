#include "io/planted_matrix.hpp"

#include <algorithm>
#include <vector>

#include "distributed/cost_partition.hpp"
#include "io/sparse_rows.hpp"

namespace rankwise {

namespace {

constexpr Index users_at_once = 1024;

std::size_t at(Index i) {
  return static_cast<std::size_t>(i);
}

/// Some users' entries, by user, items ascending.
struct DrawnUsers {
  std::vector<Index> sizes;
  std::vector<Index> items;
  std::vector<float> values;
};

DrawnUsers draw_users(const PlantedLog& log, RowRange users) {
  DrawnUsers drawn;
  for (Index user = users.begin; user < users.end; ++user) {
    std::vector<PlantedRow> rows = log.rows(user);
    std::erase_if(rows, [](const PlantedRow& row) { return row.dirt != PlantedDirt::none; });
    std::ranges::sort(rows, {}, &PlantedRow::item);  // clean rows name an item once
    drawn.sizes.push_back(static_cast<Index>(rows.size()));
    for (const PlantedRow& row : rows) {
      drawn.items.push_back(row.item);
      drawn.values.push_back(static_cast<float>(row.value));
    }
  }
  return drawn;
}

/// Calls body(block, users) for blocks of consecutive users, in parallel.
template <class Body>
void for_each_user_block(RowRange users, const Body& body) {
  const Index blocks = (users.size() + users_at_once - 1) / users_at_once;
#pragma omp parallel for schedule(dynamic)
  for (Index b = 0; b < blocks; ++b) {
    const Index begin = users.begin + b * users_at_once;
    body(b, RowRange{begin, std::min(begin + users_at_once, users.end)});
  }
}

/// Entries of each of these users, without drawing them.
std::vector<Index> user_sizes(const PlantedLog& log, RowRange users) {
  std::vector<Index> sizes(at(users.size()));
  for_each_user_block(users, [&](Index, RowRange block) {
    for (Index user = block.begin; user < block.end; ++user) sizes[at(user - users.begin)] = log.user(user).clean_rows;
  });
  return sizes;
}

SparseRows draw_rows(const PlantedLog& log, RowRange users) {
  std::vector<DrawnUsers> blocks(at((users.size() + users_at_once - 1) / users_at_once));
  for_each_user_block(users, [&](Index b, RowRange block) { blocks[at(b)] = draw_users(log, block); });
  SparseRows rows;
  rows.rows = users;
  rows.total_rows = log.shape().users;
  std::size_t entries = 0;
  for (const DrawnUsers& drawn : blocks) entries += drawn.items.size();
  rows.columns.reserve(entries);
  rows.values.reserve(entries);
  rows.offsets.reserve(at(users.size()) + 1);
  for (DrawnUsers& drawn : blocks) {
    for (const Index size : drawn.sizes) rows.offsets.push_back(rows.offsets.back() + size);
    rows.columns.insert(rows.columns.end(), drawn.items.begin(), drawn.items.end());
    rows.values.insert(rows.values.end(), drawn.values.begin(), drawn.values.end());
    drawn = {};
  }
  return rows;
}

/// Leaves out the columns that no rank has, and returns the entries of each of the others. Collective.
std::vector<Index> leave_out_absent_items(const Communicator& comm, Index items, SparseRows& rows) {
  std::vector<Index> sizes(at(items));
  for (const Index item : rows.columns) ++sizes[at(item)];
  comm.all_reduce_sum(std::span<Index>(sizes));
  std::vector<LocalIndex> number(sizes.size());  // a planted log has fewer than 2^31 items
  LocalIndex next = 0;
  for (std::size_t item = 0; item < sizes.size(); ++item) {
    number[item] = next;
    if (sizes[item] > 0) ++next;
  }
  for (Index& item : rows.columns) item = number[at(item)];
  std::erase(sizes, 0);
  rows.column_count = static_cast<Index>(sizes.size());
  return sizes;
}

}  // namespace

PlantedMatrix plant_matrix(const Communicator& comm, const PlantedLog& log, Index width) {
  const auto my_share = [&comm](Index rows) { return Partition::by_count(rows, comm.size()).range(comm.rank()); };
  const Index users = log.shape().users;
  PlantedMatrix matrix;
  // 1. How many entries users have is known before which.
  const std::vector<Index> share = agree_on(comm, [&] { return user_sizes(log, my_share(users)); });
  matrix.user_rows = partition_by_cost(comm, users, share, width);
  matrix.users = agree_on(comm, [&] { return draw_rows(log, matrix.user_rows.range(comm.rank())); });
  // 2. Items are known from all ranks' users.
  const std::vector<Index> item_sizes = leave_out_absent_items(comm, log.shape().items, matrix.users);
  const auto items = static_cast<Index>(item_sizes.size());
  const RowRange counted = my_share(items);
  matrix.item_rows =
      partition_by_cost(comm, items, std::span(item_sizes).subspan(at(counted.begin), at(counted.size())), width);
  // 3. Each item's entries to its owner.
  matrix.items = transpose(comm, matrix.users, matrix.item_rows);
  return matrix;
}

}  // namespace rankwise
