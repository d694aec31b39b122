#include "distributed/synthetic/matrix.hpp"

#include <algorithm>
#include <vector>

#include "distributed/comm/key_exchange.hpp"
#include "distributed/log/select_part.hpp"
#include "distributed/rows/redistribute.hpp"
#include "distributed/threads/team_size.hpp"
#include "kernels/als/solve_rows.hpp"

namespace rankwise {

namespace {

constexpr Index users_at_once = 1024;

/// Some users' entries, by user, items ascending.
struct DrawnUsers {
  std::vector<Index> sizes;
  std::vector<Index> items;
  std::vector<float> values;
};

DrawnUsers draw_users(const SyntheticLog& log, RowRange users) {
  DrawnUsers drawn;
  for (Index user = users.begin; user < users.end; ++user) {
    std::vector<SyntheticRow> rows = log.rows(user);
    std::erase_if(rows, [](const SyntheticRow& row) { return row.dirt != SyntheticDirt::none; });
    std::ranges::sort(rows, {}, &SyntheticRow::item);  // clean rows name an item once
    drawn.sizes.push_back(static_cast<Index>(rows.size()));
    for (const SyntheticRow& row : rows) {
      drawn.items.push_back(row.item);
      drawn.values.push_back(static_cast<float>(row.value));
    }
  }
  return drawn;
}

/// Calls body(block, users) for blocks of consecutive users, who have some `rows` together, in parallel.
template <class Body>
void for_each_user_block(RowRange users, double rows, const Body& body) {
  const Index blocks = (users.size() + users_at_once - 1) / users_at_once;
  const int threads = team_size(rows * synthetic_row_operations);
#pragma omp parallel for schedule(dynamic) num_threads(threads)
  for (Index b = 0; b < blocks; ++b) {
    const Index begin = users.begin + b * users_at_once;
    body(b, RowRange{begin, std::min(begin + users_at_once, users.end)});
  }
}

SparseRows draw_rows(const SyntheticLog& log, RowRange users) {
  std::vector<DrawnUsers> blocks(at((users.size() + users_at_once - 1) / users_at_once));
  const double share = static_cast<double>(users.size()) / static_cast<double>(log.shape().users);
  for_each_user_block(users, share * log.shape().interactions,
                      [&](Index b, RowRange block) { blocks[at(b)] = draw_users(log, block); });
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

/// An entry of a shared row on its way to the rank that sums its part.
struct PartEntry {
  Index column;
  float value;
  int rank;
};

/// Without the entries of these rows.
void drop_entries(SparseRows& matrix, std::span<const SharedRow> shared) {
  SparseRows kept;
  kept.rows = matrix.rows;
  kept.total_rows = matrix.total_rows;
  kept.column_count = matrix.column_count;
  auto next = shared.begin();
  for (Index r = 0; r < matrix.rows.size(); ++r) {
    const bool is_shared = next != shared.end() && next->row == matrix.rows.begin + r;
    if (is_shared) {
      ++next;
    } else {
      const Index begin = matrix.offsets[at(r)];
      const Index end = matrix.offsets[at(r + 1)];
      kept.columns.insert(kept.columns.end(), matrix.columns.begin() + begin, matrix.columns.begin() + end);
      kept.values.insert(kept.values.end(), matrix.values.begin() + begin, matrix.values.begin() + end);
    }
    kept.offsets.push_back(static_cast<Index>(kept.columns.size()));
  }
  matrix = std::move(kept);
}

}  // namespace

SyntheticMatrix plant_matrix(const Communicator& comm, const SyntheticLog& log, const SyntheticTask& task) {
  const auto my_share = [&comm](Index rows) { return Partition::by_count(rows, comm.size()).range(comm.rank()); };
  const Index users = log.shape().users;
  // 1. Any users, from which items are counted.
  SparseRows drawn = agree_on(comm, [&] { return draw_rows(log, my_share(users)); });
  const std::vector<Index> item_sizes = leave_out_absent_items(comm, log.shape().items, drawn);
  const auto items = static_cast<Index>(item_sizes.size());
  // 2. Who owns what.
  const auto plan = [&](Index rows, Index opposite, std::span<const Index> share) {
    return plan_side(comm, task.solver, task.objective, task.width, rows, opposite, share, RowSharing::automatic);
  };
  std::vector<Index> user_sizes;
  for (std::size_t r = 0; r + 1 < drawn.offsets.size(); ++r) {
    user_sizes.push_back(drawn.offsets[r + 1] - drawn.offsets[r]);
  }
  const RowRange counted = my_share(items);
  SyntheticMatrix matrix;
  matrix.user_plan = plan(users, items, user_sizes);
  matrix.item_plan = plan(items, users, std::span(item_sizes).subspan(at(counted.begin), at(counted.size())));
  // 3. Rows to their owners, each item's entries to its owner.
  matrix.users = redistribute(comm, drawn, matrix.user_plan.rows);
  drawn = {};
  matrix.items = transpose(comm, matrix.users, matrix.item_plan.rows);
  return matrix;
}

SparseRows take_shared_parts(const Communicator& comm, SparseRows& rows, std::span<const SharedRow> shared) {
  SparseRows parts;
  if (shared.empty()) return parts;
  // Owners ascend by row, and each sends its rows in order, so that a rank's parts arrive as parts_of lists them.
  std::vector<PartEntry> entries;
  const std::span<const SharedRow> mine = shared_within(shared, rows.rows);
  for (const SharedRow& row : mine) {
    const Index begin = rows.offsets[at(row.row - rows.rows.begin)];
    for (std::size_t part = 0; part < row.ranks.size(); ++part) {
      const RowRange range = kernels::part_range(row.entries, static_cast<Index>(part));
      for (Index e = begin + range.begin; e < begin + range.end; ++e) {
        entries.push_back({rows.columns[at(e)], rows.values[at(e)], row.ranks[part]});
      }
    }
  }
  drop_entries(rows, mine);
  std::vector<Index> counts;
  const std::vector<PartEntry> sorted = sorted_by_owner(
      std::span<const PartEntry>(entries), comm.size(), [](const PartEntry& entry) { return entry.rank; }, counts);
  for (const PartEntry& entry : comm.exchange(std::span<const PartEntry>(sorted), counts).values) {
    parts.columns.push_back(entry.column);
    parts.values.push_back(entry.value);
  }
  for (const SharedPart& part : parts_of(shared, comm.rank())) {
    parts.offsets.push_back(parts.offsets.back() + part.entries.size());
  }
  parts.rows = {0, static_cast<Index>(parts.offsets.size()) - 1};
  parts.total_rows = parts.rows.size();
  parts.column_count = rows.column_count;
  return parts;
}

}  // namespace rankwise
