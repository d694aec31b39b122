#pragma once
// Factor rows of a range, wherever they are.

#include "distributed/als/factor_matrix.hpp"
#include "distributed/comm/communicator.hpp"
#include "kernels/base/matrix.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// The rows of a range, on every rank. Collective over comm.
[[nodiscard]] Matrix gather_rows(const Communicator& comm, const FactorMatrix& factors, RowRange rows);

}  // namespace rankwise
