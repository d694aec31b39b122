#pragma once
// From events to the sparse matrices of a dataset: selecting and transposing.

#include <span>

#include "distributed/comm/communicator.hpp"
#include "distributed/log/duplicates.hpp"
#include "distributed/log/events.hpp"
#include "distributed/rows/id_rows.hpp"
#include "distributed/rows/partition.hpp"
#include "distributed/rows/sparse_rows.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// The interactions that the events of one part make, as a matrix whose rows are the users in `local_users`
/// (ascending), renumbered without gaps over all ranks. With Repeats::drop held-out pairs that are in training too are
/// left out. Collective over comm; throws AgreedError(bad_data) if a value is beyond float32.
[[nodiscard]] SparseRows select_part(const Communicator& comm, const UserEvents& events, EventPart part,
                                     std::span<const Index> local_users, const MergeRules& rules);

/// Pairs with events both in training and held out that are an interaction of one of these parts, with the merge of all
/// of their events, whether or not the rules accept it. A row for each user. Collective over comm; throws
/// AgreedError(bad_data) likewise.
[[nodiscard]] SparseRows select_repeated(const Communicator& comm, const UserEvents& events, const MergeRules& rules);

/// All pairs with events both in training and held out, with the merge of all of their events, whether or not one of
/// the parts has an interaction of them: with these a validation part and what it left make the former training part
/// again. Rows as in select_part. Collective over comm; throws AgreedError(bad_data) likewise.
[[nodiscard]] SparseRows select_divided(const Communicator& comm, const UserEvents& events,
                                        std::span<const Index> local_users, const MergeRules& rules);

/// The training events of pairs whose training events are of several seconds; rows as in select_part. Collective over
/// comm.
[[nodiscard]] LogRows select_log_rows(const Communicator& comm, const UserEvents& events,
                                      std::span<const Index> local_users, const MergeRules& rules);

/// The earliest second of any event of each item, the largest number for items without events. Collective over comm;
/// the same on every rank.
[[nodiscard]] std::vector<std::int64_t> first_seconds(const Communicator& comm, const UserEvents& events);

/// The ids at `local_rows` (ascending), renumbered without gaps over all ranks. Collective over comm.
[[nodiscard]] IdRows select_ids(const Communicator& comm, const IdRows& ids, std::span<const Index> local_rows);

/// BEFORE: rank r holds rows of the matrix, in rank order. AFTER: rank r holds the columns partition.range(r) as rows,
/// their columns (the old rows) ascending; entries of one row and column keep their order. Collective over comm.
template <class Value>
[[nodiscard]] CsrRows<Value> transpose(const Communicator& comm, const CsrRows<Value>& matrix,
                                       const Partition& partition);

}  // namespace rankwise
