#pragma once
// Reads rows to cluster: a model's factors, a dataset's sparse rows, a matrix in an HDF5 or .npy file, columns of text.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/kmeans/points.hpp"
#include "distributed/rows/id_rows.hpp"
#include "io/points/point_format.hpp"
#include "io/points/row_origin.hpp"
#include "kernels/base/matrix.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Rows to cluster and what they are called. Rows that can belong to no cluster have ids, but are no points
/// (points_left_out.hpp).
struct PointSet {
  Points points;
  IdRows ids;  ///< this rank's, by Partition::by_count, in the order of the input; row numbers from 0 where it has none
  /// Of each of this rank's points its place among the ids, ascending; nothing where every row is a point.
  std::optional<std::vector<Index>> places = {};
  Index without_entries = 0;  ///< rows of a model or dataset that have no entry, and so are no points; of all ranks
  std::vector<std::string> dimensions;  ///< names of the dimensions; empty where the input has none
  bool weighted = false;             ///< whether rows have weights; the same on every rank, even where one has no rows
  std::uint64_t dataset_digest = 0;  ///< that of the dataset behind a model or dataset, else 0
  RowOrigin origin;
  std::vector<std::string> warnings;  ///< columns of text that are left out, and why; that nothing can be compared
  std::string note;                   ///< "FILE: a model, 943 users x 32", the same on every rank
};

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
