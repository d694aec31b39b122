#include "distributed/itemcf/common_columns.hpp"

#include <algorithm>
#include <numeric>
#include <omp.h>
#include <vector>

#include "distributed/itemcf/user_batches.hpp"
#include "distributed/threads/team_size.hpp"

namespace rankwise {

namespace {

/// How many rows ahead their first line is asked for: rows are met in no order of memory.
constexpr Index rows_ahead = 8;

std::size_t at(Index i) {
  return static_cast<std::size_t>(i);
}

/// The users' rows of a batch, wherever they are.
struct BatchRows {
  const PackedUsers& users;
  std::vector<LocalIndex> row_of;  ///< of each place in needed_users; those of other batches mean nothing

  [[nodiscard]] UserItems row(LocalIndex needed) const { return users.user(row_of[at(needed)]); }
  void expect(LocalIndex needed) const {
    __builtin_prefetch(users.items.data() + users.offsets[at(row_of[at(needed)])]);
  }
};

void add_entries(const PairMatrix& matrix, const BatchRows& rows, RowRange entries, CommonUsers& common) {
  const bool is_weighted = matrix.kind == EntryWeights::integers;
  for (Index e = entries.begin; e < entries.end; ++e) {
    if (e + rows_ahead < entries.end) rows.expect(matrix.item_users[at(e + rows_ahead)]);
    common.add(rows.row(matrix.item_users[at(e)]), is_weighted ? matrix.item_weights[at(e)] : 1);
  }
}

/// The counters of each thread, made before threads begin, so that want of memory is an exception of this thread.
class Counters {
 public:
  Counters(Index items, EntryWeights weights, CommonUsers::Counting counting) {
    for (int thread = 0; thread < counting_threads(); ++thread) each_.emplace_back(items, weights, counting);
  }
  [[nodiscard]] CommonUsers& of(int thread) { return each_[static_cast<std::size_t>(thread)]; }

 private:
  std::vector<CommonUsers> each_;
};

/// Counts one batch. A part of an item stays in the first thread's counters until its last part has been counted.
void count_batch(const ItemLayout& layout, const PairMatrix& matrix, const BatchRows& rows, const UserBatch& batch,
                 std::span<const Index> wanted, Counters& counters, const TakeCommon& take) {
  const auto increments = [&](Index place) { return layout.increments[at(matrix.items.begin + wanted[at(place)])]; };
  if (batch.is_part) {
    CommonUsers& common = counters.of(0);
    if (batch.entries.begin == matrix.entries_of(wanted[at(batch.wanted.begin)]).begin)
      common.begin(increments(batch.wanted.begin));
    add_entries(matrix, rows, batch.entries, common);
    if (batch.is_last) take(batch.wanted.begin, common, 0);
    return;
  }
  double work = 0;
  for (Index place = batch.wanted.begin; place < batch.wanted.end; ++place)
    work += static_cast<double>(increments(place) + layout.count() / 16);
#pragma omp parallel num_threads(team_size(work))
  {
    const int thread = omp_get_thread_num();
    CommonUsers& common = counters.of(thread);
#pragma omp for schedule(dynamic)
    for (Index place = batch.wanted.begin; place < batch.wanted.end; ++place) {
      common.begin(increments(place));
      add_entries(matrix, rows, matrix.entries_of(wanted[at(place)]), common);
      take(place, common, thread);
    }
  }
}

/// A rank alone has all rows.
void count_alone(const ItemLayout& layout, const PairMatrix& matrix, std::span<const Index> wanted, Counters& counters,
                 const TakeCommon& take) {
  std::vector<LocalIndex> row_of;
  row_of.reserve(matrix.needed_users.size());
  for (const Index user : matrix.needed_users) row_of.push_back(static_cast<LocalIndex>(user));
  UserBatch all;
  all.wanted = {0, std::ssize(wanted)};
  count_batch(layout, matrix, {matrix.by_user, std::move(row_of)}, all, wanted, counters, take);
}

}  // namespace

int counting_threads() {
  return omp_get_max_threads();
}

std::vector<Index> all_items(const PairMatrix& matrix) {
  std::vector<Index> items(at(matrix.items.size()));
  std::iota(items.begin(), items.end(), Index{0});
  return items;
}

void count_common(const Communicator& comm, const ItemLayout& layout, const PairMatrix& matrix,
                  std::span<const Index> wanted, CommonUsers::Counting counting, Index budget_bytes,
                  const TakeCommon& take) {
  Counters counters(layout.count(), matrix.kind, counting);
  if (comm.size() == 1) {
    count_alone(layout, matrix, wanted, counters, take);
    return;
  }
  const std::vector<UserBatch> batches = batch_users(matrix, wanted, budget_bytes);
  const Index rounds = comm.max(std::ssize(batches));
  std::vector<LocalIndex> row_of(matrix.needed_users.size());
  for (Index round = 0; round < rounds; ++round) {
    const bool is_idle = round >= std::ssize(batches);
    const UserBatch none;
    const UserBatch& batch = is_idle ? none : batches[at(round)];
    std::vector<Index> users;
    users.reserve(batch.users.size());
    for (std::size_t row = 0; row < batch.users.size(); ++row) {
      row_of[at(batch.users[row])] = static_cast<LocalIndex>(row);
      users.push_back(matrix.needed_users[at(batch.users[row])]);
    }
    const PackedUsers fetched = fetch_users(comm, matrix, users);
    if (is_idle) continue;
    BatchRows rows{fetched, std::move(row_of)};
    count_batch(layout, matrix, rows, batch, wanted, counters, take);
    row_of = std::move(rows.row_of);
  }
}

}  // namespace rankwise
