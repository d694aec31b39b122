#pragma once
// From events to the sparse matrices of a dataset: selecting and transposing.

#include <span>

#include "distributed/communicator.hpp"
#include "distributed/holdout.hpp"
#include "distributed/interactions.hpp"
#include "distributed/partition.hpp"
#include "io/dataset.hpp"

namespace rankwise {

/// The events of one part as a matrix whose rows are the users in `local_users` (ascending), renumbered without gaps
/// over all ranks. Collective over comm.
[[nodiscard]] SparseRows select_part(const Communicator& comm, const UserEvents& events, const EventParts& parts,
                                     EventPart part, std::span<const Index> local_users);

/// The ids at `local_rows` (ascending), renumbered without gaps over all ranks. Collective over comm.
[[nodiscard]] IdRows select_ids(const Communicator& comm, const IdRows& ids, std::span<const Index> local_rows);

/// BEFORE: rank r holds rows of the matrix, in rank order. AFTER: rank r holds the columns partition.range(r) as rows,
/// their columns (the old rows) ascending; entries of one row and column keep their order. Collective over comm.
template <class Value>
[[nodiscard]] CsrRows<Value> transpose(const Communicator& comm, const CsrRows<Value>& matrix,
                                       const Partition& partition);

}  // namespace rankwise
