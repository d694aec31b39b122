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

/// The users' rows of a batch, wherever they are.
struct BatchRows {
  const PackedUsers& users;
  std::vector<LocalIndex> row_of;  ///< of each place in needed_users; those of other batches mean nothing

  [[nodiscard]] UserItems row(LocalIndex needed) const { return users.user(row_of[at(needed)]); }
  void expect(LocalIndex needed) const {
    __builtin_prefetch(users.items.data() + users.offsets[at(row_of[at(needed)])]);
  }
};

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

/// What a call of count_common counts, wherever the rows are.
struct Count {
  const ItemLayout& layout;
  const PairMatrix& matrix;
  const CountRequest& request;
  const TakeCommon& take;

  [[nodiscard]] Index item(Index place) const { return request.wanted[at(place)]; }
  [[nodiscard]] Index increments(Index place) const { return layout.increments[at(matrix.items.begin + item(place))]; }
  /// Numbers below this one are counted.
  [[nodiscard]] Index reach(Index place) const {
    if (request.with == CountedWith::all) return layout.count();
    return layout.number_of[at(matrix.items.begin + item(place))];
  }
};

/// Rows are sorted by number.
UserItems below(const UserItems& user, Index reach) {
  const auto size = static_cast<std::size_t>(std::ranges::lower_bound(user.items, reach) - user.items.begin());
  return {user.items.first(size), user.weights.empty() ? user.weights : user.weights.first(size)};
}

/// Adds some users of an item; how many pairs these are.
Index add_entries(const Count& count, const BatchRows& rows, Index place, RowRange entries, CommonUsers& common) {
  const PairMatrix& matrix = count.matrix;
  const bool is_weighted = matrix.kind == EntryWeights::integers;
  const bool is_cut = count.request.with == CountedWith::lower_numbers;
  const Index reach = count.reach(place);
  Index pairs = 0;
  for (Index e = entries.begin; e < entries.end; ++e) {
    if (e + rows_ahead < entries.end) rows.expect(matrix.item_users[at(e + rows_ahead)]);
    const UserItems all = rows.row(matrix.item_users[at(e)]);
    const UserItems counted = is_cut ? below(all, reach) : all;
    common.add(counted, is_weighted ? matrix.item_weights[at(e)] : 1);
    pairs += std::ssize(counted.items);
  }
  return pairs;
}

/// Counts one batch. A part of an item stays in the first thread's counters until its last part has been counted.
Index count_batch(const Count& count, const BatchRows& rows, const UserBatch& batch, Counters& counters) {
  if (batch.is_part) {
    CommonUsers& common = counters.of(0);
    const Index place = batch.wanted.begin;
    if (batch.entries.begin == count.matrix.entries_of(count.item(place)).begin)
      common.begin(count.increments(place), count.reach(place));
    const Index pairs = add_entries(count, rows, place, batch.entries, common);
    if (batch.is_last) count.take(place, common, 0);
    return pairs;
  }
  double work = 0;
  for (Index place = batch.wanted.begin; place < batch.wanted.end; ++place)
    work += static_cast<double>(count.increments(place) + count.layout.count() / 16);
  Index pairs = 0;
#pragma omp parallel num_threads(team_size(work)) reduction(+ : pairs)
  {
    const int thread = omp_get_thread_num();
    CommonUsers& common = counters.of(thread);
#pragma omp for schedule(dynamic)
    for (Index place = batch.wanted.begin; place < batch.wanted.end; ++place) {
      common.begin(count.increments(place), count.reach(place));
      pairs += add_entries(count, rows, place, count.matrix.entries_of(count.item(place)), common);
      count.take(place, common, thread);
    }
  }
  return pairs;
}

/// A rank alone has all rows.
Index count_alone(const Count& count, Counters& counters) {
  std::vector<LocalIndex> row_of;
  row_of.reserve(count.matrix.needed_users.size());
  for (const Index user : count.matrix.needed_users) row_of.push_back(static_cast<LocalIndex>(user));
  UserBatch all;
  all.wanted = {0, std::ssize(count.request.wanted)};
  return count_batch(count, {count.matrix.by_user, std::move(row_of)}, all, counters);
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

Index count_common(const Communicator& comm, const ItemLayout& layout, const PairMatrix& matrix,
                   const CountRequest& request, const TakeCommon& take) {
  const Count count{layout, matrix, request, take};
  Counters counters(layout.count(), matrix.kind, request.counting);
  if (comm.size() == 1) return count_alone(count, counters);
  const std::vector<UserBatch> batches = batch_users(matrix, request.wanted, request.budget_bytes);
  const Index rounds = comm.max(std::ssize(batches));
  std::vector<LocalIndex> row_of(matrix.needed_users.size());
  Index pairs = 0;
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
    pairs += count_batch(count, rows, batch, counters);
    row_of = std::move(rows.row_of);
  }
  return pairs;
}

}  // namespace rankwise
