#pragma once
// Moves contiguous rows between ranks.

#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/rows/id_rows.hpp"
#include "distributed/rows/partition.hpp"
#include "distributed/rows/sparse_rows.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// BEFORE: rank r holds any contiguous rows, in rank order. AFTER: rank r holds partition.range(r). Rows that are where
/// they belong on every rank are not copied. Collective over comm.
template <class Value>
[[nodiscard]] CsrRows<Value> redistribute(const Communicator& comm, CsrRows<Value> matrix, const Partition& partition);
[[nodiscard]] IdRows redistribute(const Communicator& comm, const IdRows& ids, const Partition& partition);
/// The same for dense rows: `values` holds `columns` values for each of `rows`.
[[nodiscard]] std::vector<float> redistribute(const Communicator& comm, RowRange rows, std::span<const float> values,
                                              Index columns, const Partition& partition);

}  // namespace rankwise
