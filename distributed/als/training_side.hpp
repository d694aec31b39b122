#pragma once
// One side's view of the interaction matrix: its rows here, and where the other side's rows come from.

#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "distributed/als/shared_rows.hpp"
#include "distributed/comm/communicator.hpp"
#include "distributed/exchange/exchange_plan.hpp"
#include "distributed/exchange/node_group.hpp"
#include "distributed/exchange/shared_matrix.hpp"
#include "distributed/rows/partition.hpp"
#include "kernels/als/objective.hpp"
#include "kernels/als/solve_rows.hpp"
#include "kernels/base/csr_block.hpp"

namespace rankwise {

/// This rank's sparse rows as they come from a file: columns are global, ascending.
struct GlobalRows {
  std::vector<Index> offsets{0};
  std::vector<Index> columns;
  std::vector<float> values;
};

/// What this rank sums of rows that ranks share (share_rows), its own among them.
struct SharedParts {
  std::vector<SharedRow> rows;  ///< of the whole side, the same on every rank
  GlobalRows parts;             ///< this rank's, ascending (parts_of), one row each
};

/// A row that this rank shares with others, which it owns.
struct OwnSharedRow {
  Index row = 0;           ///< local
  std::vector<int> ranks;  ///< by part
  kernels::PartedRow parted;
};

/// Rows of a side that are solved, and parts of shared rows that are summed, while the rows of the other side that they
/// name are in memory together.
struct SideBatch {
  RowRange rows;   ///< local
  CsrBlock block;  ///< of these rows; columns are rows of the batch's gathered matrix, values Objective::entry_value
  RowRange parts;  ///< places in TrainingSide::parts
  CsrBlock part_block;           ///< of these parts
  std::vector<LocalIndex> kept;  ///< rows of the gathered matrix before, which come first in this one's
  ExchangePlan plan;             ///< brings the others, which follow them
  Index shortest_row;            ///< fewest entries of a row that has some, over all ranks where nodes share

  [[nodiscard]] Index gathered_rows() const { return static_cast<Index>(kept.size()) + plan.needed_rows(); }
};

/// Everything that stays the same over the sweeps of one side, and its buffers.
struct TrainingSide {
  Partition partition;                     ///< of this side's rows
  Index opposite_rows = 0;                 ///< rows of the whole other side
  std::vector<SideBatch> batches;          ///< as many on every rank, the last ones perhaps without rows; parts first
  std::vector<SharedPart> parts;           ///< that this rank sums, ascending
  std::vector<OwnSharedRow> own_shared;    ///< ascending; without entries in the batches' blocks
  std::shared_ptr<const NodeGroup> nodes;  ///< whose ranks have gathered rows together; alone where there are batches
  RowFormat format = RowFormat::float32;   ///< of rows on their way
  // Buffers of half-sweeps, which are written anew in each: no rank begins one before all have read what the last one
  // of this side left, since half-sweeps end with reductions over all ranks. Kept, because fresh memory costs a second
  // pass over it.
  SharedMatrix gathered[2];          ///< a batch's rows, and the next one's on their way
  SharedMatrix rotated;              ///< a batch's rows in the eigenbasis, where rows go to the dual
  std::optional<Exchange> incoming;  ///< under way for the only batch, from while the other side was solved

  /// Completes rows on their way, of which no use is made. Collective.
  void complete();
  /// Whether all rows that this side names are in memory together.
  [[nodiscard]] bool is_whole() const { return batches.size() == 1; }
  [[nodiscard]] Index entries() const;
  /// Rows that this rank sends to others per gathering of all batches.
  [[nodiscard]] Index sent_rows() const;
  /// Their bytes, where rows have `stride` floats.
  [[nodiscard]] Index sent_row_bytes(Index stride) const { return sent_rows() * travel_bytes(format, stride); }
  /// The most rows of the gathered matrices of this rank's batches `first`, first + 2, ...
  [[nodiscard]] Index most_gathered_rows(std::size_t first) const;
};

/// How many rows of the other side a rank gathers: all that it needs where these are no more than `whole`, else at most
/// `batch` at a time, unless a single row names more. Where ranks of a node have them together, each counts its part.
struct GatherLimit {
  Index whole = std::numeric_limits<LocalIndex>::max();
  Index batch = whole;
};

/// How a side's rows of the other side are gathered; limits are each rank's own.
struct Gathering {
  GatherLimit limit = {};
  std::shared_ptr<const NodeGroup> nodes = nullptr;  ///< whose ranks gather together, or each for itself
  RowFormat format = RowFormat::float32;
};

/// Portions in which a rank's new rows are sent while the others are solved: enough to hide the transfer, few enough to
/// keep the team busy and messages large.
[[nodiscard]] int exchange_portions(int ranks);

/// `rows` are this rank's, those among shared.rows without their entries. Rows may be shared where their loss is closed
/// (Objective::has_closed_loss) or no limit cuts them into batches: the loss over their entries comes when all batches
/// are done. Ranks of a group of gathering.nodes have one copy, unless some rank has too little room for its part of
/// it: then each gathers for itself, as without. Collective over comm; throws AgreedError(bad_data) on damaged rows or
/// more than 2^31 needed rows.
[[nodiscard]] TrainingSide make_training_side(const Communicator& comm, const Objective& objective,
                                              const Partition& partition, const Partition& opposite, GlobalRows rows,
                                              SharedParts shared = {}, Gathering gathering = {});

}  // namespace rankwise
