#pragma once
// Which rows are clustered, in one number.

#include <cstdint>

#include "distributed/comm/communicator.hpp"
#include "distributed/kmeans/points.hpp"
#include "distributed/rows/id_rows.hpp"
#include "kernels/base/matrix.hpp"

namespace rankwise {

/// Content digest of points and of the centroids given for them, where there are any: XXH3-64 over each row (its
/// number, columns, values and weight), summed modulo 2^64, hence the same for any number of ranks. Collective over
/// comm.
[[nodiscard]] std::uint64_t points_digest(const Communicator& comm, const Points& points,
                                          const Matrix& given_centroids);

/// Which ids, in which order: XXH3-64 over each one's row and text, summed modulo 2^64. Collective over comm.
[[nodiscard]] std::uint64_t ids_digest(const Communicator& comm, const IdRows& ids);

}  // namespace rankwise
