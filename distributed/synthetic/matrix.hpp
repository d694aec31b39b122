#pragma once
// The matrix of a planted log made where it is used: no log, no dataset, no rank that holds all of it.

#include <span>

#include "distributed/comm/communicator.hpp"
#include "distributed/planning/side_plan.hpp"
#include "distributed/rows/sparse_rows.hpp"
#include "distributed/synthetic/log.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// What is trained, as far as partitions depend on it.
struct SyntheticTask {
  SolverOptions solver;
  Objective objective;
  Index width = 0;  ///< unknowns of a row
};

/// The clean rows of a log as `prepare` would number them: items that nobody has are left out. Both orientations are
/// planned and partitioned as ALS does; values are quantities or ratings.
struct SyntheticMatrix {
  SidePlan user_plan;
  SidePlan item_plan;
  SparseRows users;  ///< user_plan.rows.range(rank); columns are items
  SparseRows items;  ///< item_plan.rows.range(rank); columns are users
};

/// Every rank draws its share of the users, by its team of threads; rows travel to the ranks that own them when items
/// have been counted. The matrix is the same for any number of ranks and threads. A rank holds one number per item of
/// the log besides its part of the matrix, and while the transpose travels its entries three times. Collective over
/// comm; throws AgreedError.
[[nodiscard]] SyntheticMatrix plant_matrix(const Communicator& comm, const SyntheticLog& log,
                                           const SyntheticTask& task);

/// BEFORE: every rank holds whole rows. AFTER: those among `shared` (the same on every rank) have no entries; the
/// result holds the parts that this rank sums, a row each, as parts_of lists them. Collective over comm.
[[nodiscard]] SparseRows take_shared_parts(const Communicator& comm, SparseRows& rows,
                                           std::span<const SharedRow> shared);

}  // namespace rankwise
