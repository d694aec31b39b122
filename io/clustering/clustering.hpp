#pragma once
// The clustering file: which cluster each row belongs to, and what new rows need to be assigned.
//
//   /centroids (K x d float32)
//   /assignments (int32)  /distances (float32)  /ids      one per row, in the order of the input; a row that belongs to
//                                                         no cluster has assignment -1 and distance NaN
//   /clusters/sizes (int64)  /clusters/weights (float64)  one per cluster; weights where rows have them
//   /history/inertia (float64)  /history/moved (int64)    one per iteration
//   /dimensions/names  /dimensions/shift  /dimensions/scale (float64)    where known, where rows were scaled
//   /lineage (uint64)                                     of rows whose model had ancestors (io/points/row_origin.hpp)
//
// Attributes of the root: Provenance, RowOrigin, `metric`, `scale`, `inertia`, `iterations`, `converged`,
// `rows-in-no-cluster`.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/kmeans/feature_scaling.hpp"
#include "distributed/kmeans/lloyd.hpp"
#include "distributed/rows/id_rows.hpp"
#include "io/dataset/provenance.hpp"
#include "io/hdf5/input_check.hpp"
#include "io/points/row_origin.hpp"
#include "kernels/base/matrix.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// The assignment of a row that belongs to no cluster.
inline constexpr std::int32_t no_cluster = -1;

/// Rows to clusters: this rank's share of `ids`, `assignments` and `distances`; all else is the same on every rank.
struct Clustering {
  DistanceMetric metric = DistanceMetric::euclidean;
  Matrix centroids;  ///< K x d, of scaled rows where there is a scaling
  IdRows ids;
  std::vector<std::int32_t> assignments;  ///< or no_cluster
  std::vector<float> distances;           ///< NaN where there is no cluster
  std::vector<Index> sizes;               ///< rows of each cluster
  std::vector<double> weights;            ///< weight of each cluster; empty where rows have no weights
  std::vector<LloydIteration> history;
  double inertia = 0;  ///< of the assignments
  bool converged = false;
  std::vector<std::string> dimensions;  ///< names; empty where unknown
  std::optional<DimensionScaling> scaling;
  bool unit_rows = false;  ///< rows were divided by their lengths, by --scale unit
  RowOrigin origin;
};

/// Rows of a clustering file.
struct ClusteredRows {
  IdRows ids;
  std::vector<std::int32_t> assignments;  ///< below the number of clusters, or no_cluster
  std::vector<float> distances = {};      ///< to the centroid; NaN of no_cluster
};

/// Written under a temporary name and committed; the same bytes for any number of ranks. Collective over comm; throws
/// AgreedError (cannot_create, io_error).
void write_clustering(const Communicator& comm, const std::string& path, const Clustering& clustering,
                      const Provenance& provenance, int deflate_level = 0);

/// Writes `id,cluster,distance`, a line per row, in the order of the input; of no cluster: -1 and an empty distance.
/// Collective over comm; throws AgreedError (cannot_create, io_error).
void write_assignments_csv(const Communicator& comm, const std::string& path, const Clustering& clustering);

/// What a clustering file says about new rows. Construction and reads are collective over comm and throw AgreedError
/// (no_input, bad_data, io_error) that names the file.
class ClusteringReader {
 public:
  ClusteringReader(const Communicator& comm, const std::string& path, InputCheck check = InputCheck::digests);
  ~ClusteringReader();
  ClusteringReader(ClusteringReader&&) noexcept;
  ClusteringReader& operator=(ClusteringReader&&) noexcept;

  /// Whether what is read is compared with digests, which files of older versions do not have.
  [[nodiscard]] bool compares() const;
  [[nodiscard]] const Provenance& provenance() const;
  /// The file's metadata digest; 0 in files of older versions, which have none.
  [[nodiscard]] std::uint64_t content_digest() const;
  [[nodiscard]] DistanceMetric metric() const;
  [[nodiscard]] Index clusters() const;
  [[nodiscard]] Index dimensions() const;
  [[nodiscard]] const std::vector<std::string>& dimension_names() const;
  [[nodiscard]] const std::optional<DimensionScaling>& scaling() const;
  /// Whether rows were divided by their lengths; false for files of older versions, which do not say it.
  [[nodiscard]] bool unit_rows() const;
  /// Nothing for files of older versions.
  [[nodiscard]] const std::optional<RowOrigin>& origin() const;
  [[nodiscard]] Index rows() const;
  /// Ids and assignments, which are checked, and so are the distances: finite, but NaN of rows in no cluster.
  [[nodiscard]] ClusteredRows clustered_rows(RowRange rows) const;
  /// All of them, finite, on every rank.
  [[nodiscard]] Matrix centroids() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rankwise
