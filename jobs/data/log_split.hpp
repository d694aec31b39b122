#pragma once
// How `rankwise prepare` divides an indexed log: the held-out part first, then the validation part off what remains.

#include <cstdint>
#include <optional>
#include <vector>

#include "distributed/cleaning/part_rows.hpp"
#include "distributed/comm/communicator.hpp"
#include "distributed/log/dataset.hpp"
#include "distributed/log/duplicates.hpp"
#include "distributed/log/events.hpp"
#include "distributed/log/orders.hpp"
#include "distributed/rows/id_rows.hpp"
#include "distributed/splits/holdout.hpp"
#include "jobs/data/prepare_options.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// A log with its ids in dictionaries and its rows at the owners of their users.
struct IndexedLog {
  IdRows users;  ///< by count, as events.users
  IdRows items;
  UserEvents events;
  std::vector<double> quantities;    ///< one for each event until rules have seen them; empty if none are read
  std::vector<MarkedRow> marked;     ///< of this rank's users, ascending; empty unless --split column
  std::vector<std::int32_t> orders;  ///< one for each event until rules have seen them; empty if there are none
  std::vector<OrderLine> lines;      ///< the same rows from then on
  std::optional<Index> order_ids;    ///< over all ranks: different ones; nothing if the log has no column of them
};

/// What a split of this kind divides.
[[nodiscard]] SplitUnit unit_of(SplitKind kind);
/// Whether it may divide the rows of a pair.
[[nodiscard]] bool divides_rows(SplitKind kind);

/// What splits choose by, beside the rows themselves.
struct SplitBasis {
  EventKeys keys;
  std::vector<MarkedRow> marked;  ///< as IndexedLog has them
  double given_fraction = 0;
  std::uint64_t seed = 0;
};

/// Which users leave the training whole, and where the time line is cut.
struct SplitChoice {
  std::vector<Index> users;                           ///< local ones, ascending
  std::optional<std::int64_t> last_training_seconds;  ///< of a split at one time: since 1970
};

/// Chooses the part of each event. Collective over comm.
SplitChoice hold_out(const Communicator& comm, const Split& split, const SplitBasis& basis, UserEvents& events);

/// Held-out pairs that training has too. Collective over comm.
[[nodiscard]] Index count_repeats(const Communicator& comm, const UserEvents& events, const MergeRules& rules);

/// All matrices by user of a log whose events have their parts, each partitioned by row count. `heldout_users`: local
/// users that are held out whole. Collective over comm.
[[nodiscard]] Dataset select_matrices(const Communicator& comm, const MergeRules& rules, SplitKind kind,
                                      const std::vector<Index>& heldout_users, const IndexedLog& log);

/// Makes the other side of the matrices of training and validation, and of those of what is held out. Collective over
/// comm.
void transpose_training(const Communicator& comm, Dataset& dataset);
void transpose_heldout(const Communicator& comm, Dataset& dataset);

/// What a validation part took, over all ranks.
struct ValidationOutcome {
  std::optional<std::int64_t> last_training_seconds;  ///< as in SplitChoice
  Index repeated = 0;                                 ///< validation pairs that training has too
  RefusedParts refused;  ///< parts of pairs that make no interaction once the two are apart
  PartRows rows;         ///< of this rank
};

/// Takes the validation part off the training part of `dataset`, which select_matrices() made of these events, and
/// leaves the training events in their parts: the same split as a held-out part's, of the training events, by another
/// seed than the basis has. Users of `heldout_users` have none. Ids and what is held out remain as they are. The
/// training part and the validation part are by user alone then. Rows that make no interaction go to `rejected`.
/// Collective over comm.
ValidationOutcome take_validation(const Communicator& comm, const Split& split, const SplitBasis& basis,
                                  const std::vector<Index>& heldout_users, UserEvents& events, Dataset& dataset,
                                  RejectedRows& rejected);

}  // namespace rankwise
