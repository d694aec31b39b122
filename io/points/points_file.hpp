#pragma once
// Reads rows to cluster: a model's factors, a dataset's sparse rows, a matrix in an HDF5 or .npy file, columns of text.

#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "io/points/point_format.hpp"
#include "io/points/point_set.hpp"
#include "kernels/base/matrix.hpp"

namespace rankwise {

/// This rank's share of the rows of `source`. No rank reads the whole file, but for a gzip file, which the root reads.
/// Weights of a model or dataset do not exist; a model's biases are left out, and rows without an entry are no points.
/// Collective over comm; throws AgreedError:
/// no_input; usage where `source` asks for what such a file does not have; bad_data where there are no rows, rows
/// differ in length, or a value is no finite float32 ("FILE: row R, column C: nan: expected a finite number", rows and
/// columns from 0; for text "FILE:LINE: column 'c': ..."): the first bad row, whatever the number of ranks.
[[nodiscard]] PointSet read_points(const Communicator& comm, const PointSource& source);

/// A few dense rows, whole on every rank.
struct Centroids {
  Matrix rows;
  std::vector<std::string> dimensions;  ///< names; empty where the file has none
  std::vector<std::string> warnings;
};

/// The root reads `source` as read_points does, weights and ids aside. Collective over comm; throws AgreedError.
[[nodiscard]] Centroids read_centroids(const Communicator& comm, const PointSource& source);

}  // namespace rankwise
