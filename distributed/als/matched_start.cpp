#include "distributed/als/matched_start.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "distributed/als/fold_in.hpp"
#include "distributed/rows/id_matching.hpp"
#include "distributed/rows/select_rows.hpp"

namespace rankwise {

namespace {

std::uint64_t bit_of(Index row) {
  return std::uint64_t{1} << (row % 64);
}

bool has_bit(const std::vector<std::uint64_t>& bits, Index row) {
  return (bits[static_cast<std::size_t>(row / 64)] & bit_of(row)) != 0;
}

/// One bit per row of the whole side, set where `holds` of this rank's row, from 0, is true. Collective over comm.
template <class Holds>
std::vector<std::uint64_t> row_bits(const Communicator& comm, const Partition& rows, const Holds& holds) {
  std::vector<std::uint64_t> bits(static_cast<std::size_t>(rows.rows() / 64 + 1));
  const RowRange mine = rows.range(comm.rank());
  for (Index row = mine.begin; row < mine.end; ++row) {
    if (holds(static_cast<std::size_t>(row - mine.begin))) bits[static_cast<std::size_t>(row / 64)] |= bit_of(row);
  }
  comm.all_reduce_or(bits);
  return bits;
}

}  // namespace

bool MatchedSide::has(Index row) const {
  return has_bit(matched, row);
}

std::vector<Index> find_trained_rows(const Communicator& comm, const IdRows& ids, const IdRows& known,
                                     const Partition& held, const std::vector<Index>& entries) {
  const std::vector<std::uint64_t> trained = row_bits(comm, held, [&](std::size_t r) { return entries[r] > 0; });
  std::vector<Index> rows = find_rows_by_id(comm, ids, known);
  for (Index& row : rows) {
    if (row >= 0 && !has_bit(trained, row)) row = -1;
  }
  return rows;
}

MatchedSide match_side(const Communicator& comm, const Objective& objective, const Partition& rows,
                       std::vector<Index> old_rows, const FactorMatrix& held) {
  MatchedSide side;
  side.old_rows = std::move(old_rows);
  side.matched = row_bits(comm, rows, [&](std::size_t r) { return side.old_rows[r] >= 0; });
  side.factors = with_gramian(comm, objective, {rows, fetch_rows(comm, held, side.old_rows)});
  return side;
}

std::vector<Index> matched_rows(const MatchedSide& side, RowRange range) {
  std::vector<Index> rows;
  for (Index row = range.begin; row < range.end; ++row) {
    if (side.has(row)) rows.push_back(row);
  }
  return rows;
}

SparseRows matched_entries(const SparseRows& rows, const MatchedSide& other) {
  SparseRows kept;
  kept.rows = rows.rows;
  kept.total_rows = rows.total_rows;
  kept.column_count = rows.column_count;
  for (Index r = 0; r < rows.rows.size(); ++r) {
    const auto end = static_cast<std::size_t>(rows.offsets[static_cast<std::size_t>(r) + 1]);
    for (auto e = static_cast<std::size_t>(rows.offsets[static_cast<std::size_t>(r)]); e < end; ++e) {
      if (!other.has(rows.columns[e])) continue;
      kept.columns.push_back(rows.columns[e]);
      kept.values.push_back(rows.values[e]);
    }
    kept.offsets.push_back(static_cast<Index>(kept.columns.size()));
  }
  return kept;
}

Matrix solve_new_rows(const Communicator& comm, const Objective& objective, const Partition& rows,
                      const SparseRows& entries, const MatchedSide& other, RandomStream stream, const char* name,
                      const Gathering& gathering) {
  const Index width = other.factors.factors.local.columns();
  Matrix begun = random_factors(comm, rows, width, objective.biases ? 1 : 0, stream).local;
  if (comm.sum(entries.entries()) == 0) return begun;
  const Matrix solved = fold_in(comm, objective, rows, entries, other.factors, name, gathering);
  for (Index r = 0; r < begun.rows(); ++r) {
    if (!row_columns(entries, r).empty()) std::copy_n(solved.row(r), solved.stride(), begun.row(r));
  }
  return begun;
}

void take_new_rows(MatchedSide& side, const Matrix& begun) {
  Matrix& rows = side.factors.factors.local;
  for (Index r = 0; r < rows.rows(); ++r) {
    if (side.old_rows[static_cast<std::size_t>(r)] < 0) std::copy_n(begun.row(r), begun.stride(), rows.row(r));
  }
}

}  // namespace rankwise
