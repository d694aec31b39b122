#include "distributed/als/training_side.hpp"

#include <algorithm>
#include <bit>
#include <initializer_list>
#include <limits>
#include <utility>

#include "distributed/als/row_batches.hpp"

namespace rankwise {

namespace {

/// The set of columns that occur, as a bitmap with running counts: 2 bits per column of the whole other side, and a
/// column's place in the set without a search.
class ColumnSet {
 public:
  ColumnSet(std::initializer_list<std::span<const Index>> columns, Index column_count)
      : words_(static_cast<std::size_t>(column_count / 64 + 1)), before_(words_.size()) {
    for (const std::span<const Index> some : columns) {
      for (const Index column : some) word(column) |= bit(column);
    }
    count();
  }
  /// What occurs on any of these ranks, which all call it.
  void unite(const Communicator& ranks) {
    ranks.all_reduce_or(words_);
    count();
  }
  [[nodiscard]] Index size() const { return size_; }
  [[nodiscard]] Index place(Index column) const {
    const auto w = static_cast<std::size_t>(column / 64);
    return before_[w] + std::popcount(words_[w] & (bit(column) - 1));
  }
  /// The columns, ascending.
  [[nodiscard]] std::vector<Index> list() const {
    std::vector<Index> columns;
    columns.reserve(static_cast<std::size_t>(size_));
    for (std::size_t w = 0; w < words_.size(); ++w) {
      for (std::uint64_t rest = words_[w]; rest != 0; rest &= rest - 1) {
        columns.push_back(static_cast<Index>(w) * 64 + std::countr_zero(rest));
      }
    }
    return columns;
  }

 private:
  static std::uint64_t bit(Index column) { return std::uint64_t{1} << (column % 64); }
  std::uint64_t& word(Index column) { return words_[static_cast<std::size_t>(column / 64)]; }
  void count() {
    size_ = 0;
    for (std::size_t w = 0; w < words_.size(); ++w) {
      before_[w] = size_;
      size_ += std::popcount(words_[w]);
    }
  }
  std::vector<std::uint64_t> words_;
  std::vector<Index> before_;
  Index size_ = 0;
};

void require_columns_in_range(std::span<const Index> columns, Index column_count) {
  for (const Index column : columns) {
    if (column < 0 || column >= column_count)
      throw Error(ExitCode::bad_data, "a sparse row names a column out of range");
  }
}

void require_parts(const SharedParts& shared, int rank) {
  const std::vector<SharedPart> parts = parts_of(shared.rows, rank);
  const std::vector<Index>& offsets = shared.parts.offsets;
  bool fits = offsets.size() == parts.size() + 1;
  for (std::size_t p = 0; fits && p < parts.size(); ++p) fits = offsets[p + 1] - offsets[p] == parts[p].entries.size();
  if (!fits) throw Error(ExitCode::internal, "parts of shared rows are not those that this rank is to sum");
}

/// All rows; their columns are places in the set of columns that occur.
CsrBlock make_block(const Objective& objective, const ColumnSet& needed, GlobalRows rows) {
  if (needed.size() > std::numeric_limits<LocalIndex>::max()) {
    throw Error(ExitCode::bad_data, "one rank needs more than 2^31 rows of the other side; use more ranks");
  }
  std::vector<LocalIndex> columns(rows.columns.size());
  for (std::size_t e = 0; e < columns.size(); ++e) columns[e] = static_cast<LocalIndex>(needed.place(rows.columns[e]));
  rows.columns = {};  // they are many
  for (float& value : rows.values) value = objective.entry_value(value);
  return {std::move(rows.offsets), std::move(columns), std::move(rows.values), needed.size()};
}

/// A batch's rows, and where it has its columns from.
struct CutBatch {
  RowRange rows;
  CsrBlock block;
  RowRange parts;
  CsrBlock part_block;
  std::vector<LocalIndex> kept;
  std::vector<Index> fetched;  ///< global, ascending
};

/// Cuts rows into batches, each of which keeps what it can of the columns before.
class BatchCutter {
 public:
  explicit BatchCutter(const std::vector<Index>& global_columns)
      : global_columns_(global_columns), before_(global_columns.size(), -1), now_(before_) {}

  /// The batch of `rows` of `block`.
  [[nodiscard]] CutBatch cut(const CsrBlock& block, RowRange rows) {
    const auto begin = static_cast<std::size_t>(block.offsets()[static_cast<std::size_t>(rows.begin)]);
    const auto end = static_cast<std::size_t>(block.offsets()[static_cast<std::size_t>(rows.end)]);
    // 1. Its distinct columns, ascending: those that the batch before had come first.
    std::vector<LocalIndex> distinct;
    for (std::size_t e = begin; e < end; ++e) {
      LocalIndex& place = now_[static_cast<std::size_t>(block.columns()[e])];
      if (place < 0) distinct.push_back(block.columns()[e]);
      place = 0;
    }
    std::ranges::sort(distinct);
    CutBatch batch{rows, {}, {}, {}, {}, {}};
    LocalIndex next = 0;
    for (const LocalIndex column : distinct) {
      const auto c = static_cast<std::size_t>(column);
      if (before_[c] < 0) continue;
      batch.kept.push_back(before_[c]);
      now_[c] = next++;
    }
    for (const LocalIndex column : distinct) {
      const auto c = static_cast<std::size_t>(column);
      if (before_[c] >= 0) continue;
      batch.fetched.push_back(global_columns_[c]);
      now_[c] = next++;
    }
    // 2. Its rows.
    std::vector<Index> offsets;
    for (Index r = rows.begin; r <= rows.end; ++r) {
      offsets.push_back(block.offsets()[static_cast<std::size_t>(r)] - static_cast<Index>(begin));
    }
    std::vector<LocalIndex> columns;
    columns.reserve(end - begin);
    for (std::size_t e = begin; e < end; ++e) columns.push_back(now_[static_cast<std::size_t>(block.columns()[e])]);
    batch.block = CsrBlock(std::move(offsets), std::move(columns),
                           {block.values().begin() + static_cast<std::ptrdiff_t>(begin),
                            block.values().begin() + static_cast<std::ptrdiff_t>(end)},
                           next, ColumnOrder::given);
    // 3. What the next batch may keep.
    for (const LocalIndex column : last_) before_[static_cast<std::size_t>(column)] = -1;
    for (const LocalIndex column : distinct) {
      before_[static_cast<std::size_t>(column)] = std::exchange(now_[static_cast<std::size_t>(column)], -1);
    }
    last_ = std::move(distinct);
    return batch;
  }

 private:
  const std::vector<Index>& global_columns_;
  std::vector<LocalIndex> before_;  ///< places of columns in the last batch's gathered matrix, or -1
  std::vector<LocalIndex> now_;
  std::vector<LocalIndex> last_;  ///< the last batch's columns
};

std::vector<CutBatch> cut_batches(const Objective& objective, const ColumnSet& needed, GlobalRows rows,
                                  GlobalRows parts, GatherLimit limit) {
  CsrBlock whole = make_block(objective, needed, std::move(rows));
  CsrBlock whole_parts = make_block(objective, needed, std::move(parts));
  std::vector<Index> columns = needed.list();
  std::vector<CutBatch> batches;
  if (needed.size() <= limit.whole) {
    const RowRange all_rows{0, whole.rows()};
    const RowRange all_parts{0, whole_parts.rows()};
    batches.push_back({all_rows, std::move(whole), all_parts, std::move(whole_parts), {}, std::move(columns)});
    return batches;
  }
  BatchCutter cutter(columns);
  const auto cut = [&](const CsrBlock& block) {
    return cut_rows(block.offsets(), block.columns(), needed.size(), limit.batch);
  };
  if (whole_parts.rows() > 0) {
    for (const RowRange& some : cut(whole_parts)) {
      CutBatch& batch = batches.emplace_back(cutter.cut(whole_parts, some));
      batch.parts = std::exchange(batch.rows, {});
      batch.part_block = std::exchange(batch.block, {});
    }
  }
  for (const RowRange& some : cut(whole)) batches.push_back(cutter.cut(whole, some));
  return batches;
}

/// The ranks that gather together: those of `nodes` where their parts fit everywhere, with `needed` as what any of them
/// needs; else each for itself. Collective.
std::shared_ptr<const NodeGroup> gather_together(const Communicator& comm, std::shared_ptr<const NodeGroup> nodes,
                                                 ColumnSet& needed, Index most) {
  if (nodes && nodes->map.is_shared()) {
    ColumnSet united = needed;
    united.unite(nodes->comm);
    const Index part = (united.size() + nodes->comm.size() - 1) / nodes->comm.size();
    const bool fits = part <= most && united.size() <= std::numeric_limits<LocalIndex>::max();
    if (comm.min(Index{fits}) == 1) {
      needed = std::move(united);
      return nodes;
    }
  }
  return std::make_shared<const NodeGroup>(NodeGroup::alone(comm));
}

Index shortest_row(const CsrBlock& block) {
  Index shortest = std::numeric_limits<Index>::max();
  for (Index r = 0; r < block.rows(); ++r) {
    if (block.row_size(r) > 0) shortest = std::min(shortest, block.row_size(r));
  }
  return shortest;
}

/// The rows that this rank shares as their owner, but for what the values of their entries tell.
std::vector<OwnSharedRow> own_shared_rows(std::span<const SharedRow> shared, RowRange mine) {
  std::vector<OwnSharedRow> rows;
  for (const SharedRow& row : shared_within(shared, mine)) {
    rows.push_back({row.row - mine.begin, row.ranks, {row.entries, 0}});
  }
  return rows;
}

/// Sums of squared targets, from the ranks that have the parts' entries to the owners of the rows. Collective.
void gather_target_squares(const Communicator& comm, TrainingSide& side) {
  std::vector<double> mine;
  std::vector<Index> counts(static_cast<std::size_t>(comm.size()));
  for (const SideBatch& batch : side.batches) {
    for (Index p = 0; p < batch.part_block.rows(); ++p) {
      mine.push_back(kernels::squared_targets(batch.part_block.row(p)));
      const Index row = side.parts[static_cast<std::size_t>(batch.parts.begin + p)].row;
      ++counts[static_cast<std::size_t>(side.partition.owner(row))];  // parts ascend, and owners with them
    }
  }
  const Exchanged<double> squares = comm.exchange(std::span<const double>(mine), counts);
  std::vector<std::size_t> next(counts.size());
  for (std::size_t rank = 1; rank < next.size(); ++rank) {
    next[rank] = next[rank - 1] + static_cast<std::size_t>(squares.counts[rank - 1]);
  }
  for (OwnSharedRow& row : side.own_shared) {
    for (const int rank : row.ranks) {
      row.parted.target_squares += squares.values[next[static_cast<std::size_t>(rank)]++];
    }
  }
}

}  // namespace

void TrainingSide::complete() {
  if (!incoming) return;
  incoming->wait();
  incoming.reset();
}

Index TrainingSide::entries() const {
  Index sum = 0;
  for (const SideBatch& batch : batches) sum += batch.block.entries() + batch.part_block.entries();
  return sum;
}

Index TrainingSide::sent_rows() const {
  Index sum = 0;
  for (const SideBatch& batch : batches) sum += batch.plan.sent_rows();
  return sum;
}

Index TrainingSide::most_gathered_rows(std::size_t first) const {
  Index most = 0;
  for (std::size_t b = first; b < batches.size(); b += 2) most = std::max(most, batches[b].gathered_rows());
  return most;
}

int exchange_portions(int ranks) {
  constexpr int most_requests = 1024;
  return ranks == 1 ? 1 : std::clamp(most_requests / ranks, 1, 8);
}

TrainingSide make_training_side(const Communicator& comm, const Objective& objective, const Partition& partition,
                                const Partition& opposite, GlobalRows rows, SharedParts shared, Gathering gathering) {
  agree_on(comm, [&] {
    require_columns_in_range(rows.columns, opposite.rows());
    require_columns_in_range(shared.parts.columns, opposite.rows());
    require_parts(shared, comm.rank());
  });
  TrainingSide side;
  side.partition = partition;
  side.opposite_rows = opposite.rows();
  side.format = gathering.format;
  side.parts = parts_of(shared.rows, comm.rank());
  side.own_shared = own_shared_rows(shared.rows, partition.range(comm.rank()));
  std::vector<CutBatch> cuts;
  {
    ColumnSet needed = agree_on(comm, [&] { return ColumnSet({rows.columns, shared.parts.columns}, opposite.rows()); });
    side.nodes = gather_together(comm, std::move(gathering.nodes), needed, gathering.limit.whole);
    const GatherLimit limit = side.nodes->map.is_shared() ? GatherLimit() : gathering.limit;
    cuts =
        agree_on(comm, [&] { return cut_batches(objective, needed, std::move(rows), std::move(shared.parts), limit); });
  }
  // Every rank takes part in the exchanges of as many batches.
  const Index last_row = cuts.back().rows.end;
  CutBatch none;
  none.rows = {last_row, last_row};
  cuts.resize(static_cast<std::size_t>(comm.max(static_cast<Index>(cuts.size()))), none);
  for (CutBatch& cut : cuts) {
    ExchangePlan plan(comm, side.nodes->map, opposite, cut.fetched);
    const Index shortest = shortest_row(cut.block);
    side.batches.push_back({cut.rows, std::move(cut.block), cut.parts, std::move(cut.part_block), std::move(cut.kept),
                            std::move(plan), side.nodes->map.is_shared() ? comm.min(shortest) : shortest});
    cut.fetched = {};
  }
  if (!shared.rows.empty()) gather_target_squares(comm, side);
  return side;
}

}  // namespace rankwise
