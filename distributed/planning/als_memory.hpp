#pragma once
// What ALS takes of a rank's memory, counted before it is taken. A plain value.

#include <vector>

#include "distributed/als/training_side.hpp"
#include "distributed/planning/side_plan.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// One rank's share of a side.
struct SideShare {
  Index rows = 0;
  Index entries = 0;
  Index longest_row = 0;  ///< most entries of a row, or of a part of a shared one
  Index part_sums = 0;    ///< of shared rows: those of parts summed here, and of all parts of this rank's own
};

/// What falls to `rank`, whose rows have `row_sizes` entries; those of shared rows are where their parts are.
[[nodiscard]] SideShare side_share(const SidePlan& plan, int rank, std::vector<Index> row_sizes);

/// Bytes of one rank; gathered rows of the other side are extra.
struct AlsMemory {
  Index program = 0;  ///< what the process holds before it reads anything: code, MPI, HDF5; and their buffers
  Index matrix = 0;   ///< both orientations, 8 bytes an entry each, the second while it is read, and lists of rows that
                      ///< batches keep, fetch and send: at most as many as entries
  Index factors = 0;  ///< this rank's rows of both sides, and their losses
  Index threads = 0;  ///< systems, Gramians and parts of heavy rows
  Index beside = 0;   ///< what a job does between half-sweeps, which the job counts

  [[nodiscard]] Index total() const { return program + matrix + factors + threads + beside; }
};

[[nodiscard]] AlsMemory als_memory(const SideShare& users, const SideShare& items, Index width, int threads,
                                   Index program_bytes);

/// What gathering one row costs: itself, a copy on its way out of its owner, and a rotated one where short rows go to
/// the dual.
struct GatherCost {
  Index row_bytes = 0;
  bool is_rotated = false;

  GatherCost(Index width, bool rotated)
      : row_bytes(padded_columns(width) * static_cast<Index>(sizeof(float))), is_rotated(rotated) {}
  /// What stays of rows that are there at once: without copies on their way.
  [[nodiscard]] Index kept(Index rows) const { return rows * row_bytes * (is_rotated ? 2 : 1); }
  /// All rows at once.
  [[nodiscard]] Index whole(Index rows) const { return rows * row_bytes * (is_rotated ? 3 : 2); }
  /// Batches of `batch` rows, the next one's being on their way, among them single rows that name `longest` and are no
  /// dual's.
  [[nodiscard]] Index batches(Index batch, Index longest) const;
};

/// The least bytes with which a side whose rows name up to `longest` others can be solved.
[[nodiscard]] Index least_gather_bytes(const GatherCost& cost, Index longest);

/// What `bytes` leave room for.
[[nodiscard]] GatherLimit gather_limit(Index bytes, const GatherCost& cost, Index longest);

/// How `bytes` are shared between users and items, which would gather so many rows at most: a side that would take
/// little gets all that it wants.
struct GatherShares {
  Index users = 0;
  Index items = 0;
};
[[nodiscard]] GatherShares share_gather_bytes(Index bytes, const GatherCost& cost, const SideShare& users,
                                              Index rows_for_users, const SideShare& items, Index rows_for_items);

}  // namespace rankwise
