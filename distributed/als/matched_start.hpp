#pragma once
// First factors from an older training, of whatever rows that was: rows that both have begin where it ended, others are
// solved against those.

#include <cstdint>
#include <vector>

#include "distributed/als/factor_matrix.hpp"
#include "distributed/als/half_sweep.hpp"
#include "distributed/comm/communicator.hpp"
#include "distributed/rows/id_rows.hpp"
#include "distributed/rows/partition.hpp"
#include "distributed/rows/sparse_rows.hpp"
#include "kernels/als/objective.hpp"
#include "kernels/base/matrix.hpp"
#include "kernels/base/philox.hpp"

namespace rankwise {

/// A side on its way to its first factors.
struct MatchedSide {
  AlsFactors factors;                  ///< this rank's rows, zero if the older training does not have them
  std::vector<Index> old_rows;         ///< of each of this rank's rows that of the older training, or -1
  std::vector<std::uint64_t> matched;  ///< of the whole side, a bit per row: whether the older training has it

  /// Whether the older training has a row, of any rank.
  [[nodiscard]] bool has(Index row) const;
};

/// Of each row of `ids` that of the older training with its id, or -1: also if that one has no entry, so that its
/// factors mean nothing. `known` and `entries` are this rank's rows of the older training, by `held`. Collective over
/// comm; throws AgreedError(bad_data) if ids are of two kinds.
[[nodiscard]] std::vector<Index> find_trained_rows(const Communicator& comm, const IdRows& ids, const IdRows& known,
                                                   const Partition& held, const std::vector<Index>& entries);

/// A side with the factors of its old rows; `held` are those of the older training. Collective over comm.
[[nodiscard]] MatchedSide match_side(const Communicator& comm, const Objective& objective, const Partition& rows,
                                     std::vector<Index> old_rows, const FactorMatrix& held);

/// Which rows of a range the older training has, ascending.
[[nodiscard]] std::vector<Index> matched_rows(const MatchedSide& side, RowRange range);

/// The entries whose column the older training has on the other side.
[[nodiscard]] SparseRows matched_entries(const SparseRows& rows, const MatchedSide& other);

/// Gives the rows that the older training does not have their factors: solved from `entries` against the other side's
/// rows that it has, those without any entry at random. `name` says what the rows are. The same bits for any
/// partitions. Collective over comm; throws AgreedError(bad_data) that names the row that cannot be solved.
[[nodiscard]] Matrix solve_new_rows(const Communicator& comm, const Objective& objective, const Partition& rows,
                                    const SparseRows& entries, const MatchedSide& other, RandomStream stream,
                                    const char* name, const Gathering& gathering);

/// Takes those of `begun` that the older training does not have.
void take_new_rows(MatchedSide& side, const Matrix& begun);

}  // namespace rankwise
