#pragma once
// One side's factors, distributed by rows.

#include <span>

#include "distributed/comm/communicator.hpp"
#include "distributed/rows/partition.hpp"
#include "kernels/base/matrix.hpp"
#include "kernels/base/philox.hpp"

namespace rankwise {

struct FactorMatrix {
  Partition partition;
  Matrix local;  ///< partition.range(rank).size() rows
};

/// Factors that are uniform with mean 0 and standard deviation 0.1 / sqrt(width) (Rendle et al. 2021 use a normal
/// distribution of that deviation; a uniform one needs no libm, whose last bit may differ between processors). Row r
/// depends on seed, purpose and r only. The last `zero_columns` columns stay zero (biases).
[[nodiscard]] FactorMatrix random_factors(const Communicator& comm, const Partition& partition, Index width,
                                          Index zero_columns, RandomStream stream);

/// Any rows of a side, in the order of `rows` (global; -1 for a row of zeros), each sent once to each rank that wants
/// it. Collective over comm.
[[nodiscard]] Matrix fetch_rows(const Communicator& comm, const FactorMatrix& factors, std::span<const Index> rows);

/// alpha * Y^T Y over all ranks' rows, padded width square, the same bits for any partition. Each chunk of
/// rows is summed in float, chunks as fixed-point integers. Collective over comm.
[[nodiscard]] Matrix scaled_gramian(const Communicator& comm, const FactorMatrix& factors, double alpha);

/// <A, B> over whole symmetric matrices of which the upper halves are given: the sum of all p_ui^2 when A and B are the
/// two sides' Gramians.
[[nodiscard]] double symmetric_inner_product(ConstMatrixView a, ConstMatrixView b, Index width);

}  // namespace rankwise
