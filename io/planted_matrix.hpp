#pragma once
// The matrix of a planted log made where it is used: no log, no dataset, no rank that holds all of it.

#include "distributed/communicator.hpp"
#include "distributed/partition.hpp"
#include "io/dataset.hpp"
#include "io/planted_log.hpp"

namespace rankwise {

/// The clean rows of a log as `prepare` would number them: items that nobody has are left out. Both orientations are
/// partitioned by predicted cost, as ALS does; values are quantities or ratings.
struct PlantedMatrix {
  Partition user_rows;
  Partition item_rows;
  SparseRows users;  ///< user_rows.range(rank); columns are items
  SparseRows items;  ///< item_rows.range(rank); columns are users
};

/// Every rank draws the users that it owns, by its team of threads, and gets its items' entries from all. `width`: of
/// the row systems to be solved, which the partitions depend on. The matrix is the same for any number of ranks and
/// threads. A rank holds one number per item of the log besides its part of the matrix, and while the transpose travels
/// its entries three times. Collective over comm; throws AgreedError.
[[nodiscard]] PlantedMatrix plant_matrix(const Communicator& comm, const PlantedLog& log, Index width);

}  // namespace rankwise
