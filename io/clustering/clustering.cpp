#include "io/clustering/clustering.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <iterator>
#include <limits>
#include <span>
#include <string_view>

#include "io/clustering/kmeans_history.hpp"
#include "io/dataset/id_file.hpp"
#include "io/dataset/provenance_attributes.hpp"
#include "io/files/commit.hpp"
#include "io/hdf5/file_digests.hpp"
#include "io/hdf5/reader.hpp"
#include "io/hdf5/root_rows.hpp"
#include "io/hdf5/writer.hpp"
#include "io/text/csv_field.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/finite_rows.hpp"

namespace rankwise {

namespace {

constexpr std::array<std::string_view, 2> metric_names{"euclidean", "cosine"};                // by DistanceMetric
constexpr std::array<std::string_view, 3> scaling_names{"standard", "log-standard", "rank"};  // by DimensionTransform

void check_shares(const Communicator& comm, const Clustering& clustering) {
  agree_on(comm, [&] {
    const Index rows = clustering.ids.rows.size();
    const Index clusters = clustering.centroids.rows();
    const Index dimensions = clustering.centroids.columns();
    const auto has = [](const auto& values, Index count) { return std::ssize(values) == count; };
    const auto has_or_none = [&](const auto& values, Index count) { return values.empty() || has(values, count); };
    const bool scaling_fits = !clustering.scaling || (has(clustering.scaling->shift, dimensions) &&
                                                      has(clustering.scaling->scale, dimensions));
    if (!has(clustering.assignments, rows) || !has(clustering.distances, rows) || !has(clustering.sizes, clusters) ||
        !has_or_none(clustering.weights, clusters) || !has_or_none(clustering.dimensions, dimensions) ||
        !scaling_fits) {
      throw Error(ExitCode::internal, "the parts of a clustering differ in size");
    }
  });
}

void write_dimensions(const Communicator& comm, Hdf5Writer& file, const Clustering& clustering) {
  if (clustering.dimensions.empty() && !clustering.scaling) return;
  file.create_group("/dimensions");
  if (!clustering.dimensions.empty()) {
    const Index count = std::ssize(clustering.dimensions);
    const std::span<const std::string> names(clustering.dimensions);
    const RowRange mine = root_rows(comm, count);
    file.write_strings("/dimensions/names", count, mine, names.first(static_cast<std::size_t>(mine.size())));
    mark_array(file, "/dimensions/names", "string-array");
  }
  if (clustering.scaling) {
    write_from_root(comm, file, "/dimensions/shift", clustering.scaling->shift);
    write_from_root(comm, file, "/dimensions/scale", clustering.scaling->scale);
  }
}

std::string_view scale_name(const Clustering& clustering) {
  if (clustering.unit_rows) return "unit";
  return clustering.scaling ? scaling_names[static_cast<std::size_t>(clustering.scaling->before)] : "none";
}

/// Bytes of the values.
Index expected_bytes(const Communicator& comm, const Clustering& clustering) {
  constexpr Index per_row = sizeof(std::int32_t) + sizeof(float);
  constexpr Index per_cluster = sizeof(std::int64_t) + sizeof(double);
  const Index clusters = clustering.centroids.rows();
  const Index dimensions = clustering.centroids.columns();
  Index bytes = id_bytes(comm, clustering.ids) + clustering.ids.total_rows * per_row +
                clusters * (dimensions * static_cast<Index>(sizeof(float)) + per_cluster) +
                std::ssize(clustering.history) * static_cast<Index>(sizeof(LloydIteration)) +
                2 * dimensions * static_cast<Index>(sizeof(double));
  std::size_t longest_name = 0;
  for (const std::string& name : clustering.dimensions) longest_name = std::max(longest_name, name.size());
  return bytes + dimensions * static_cast<Index>(longest_name);
}

}  // namespace

void write_clustering(const Communicator& comm, const std::string& path, const Clustering& clustering,
                      const Provenance& provenance, int deflate_level) {
  check_shares(comm, clustering);
  Hdf5Writer file(comm, path, expected_bytes(comm, clustering), {.deflate_level = deflate_level});

  // 1. Where it comes from and how it went.
  Provenance stamped = provenance;
  stamped.kind = "clustering";
  write_provenance(file, stamped);
  write_row_origin(comm, file, clustering.origin);
  file.write_attribute("/", "metric", metric_names[static_cast<std::size_t>(clustering.metric)]);
  file.write_attribute("/", "scale", scale_name(clustering));
  file.write_attribute("/", "inertia", clustering.inertia);
  file.write_attribute("/", "iterations", static_cast<std::int64_t>(clustering.history.size()));
  file.write_attribute("/", "converged", static_cast<std::int64_t>(clustering.converged));
  const std::int64_t apart = std::ranges::count(clustering.assignments, no_cluster);
  file.write_attribute("/", "rows-in-no-cluster", comm.sum(apart));

  // 2. Centroids, from the root.
  write_from_root(comm, file, "/centroids", clustering.centroids);
  mark_array(file, "/centroids", "array");

  // 3. Rows, from the ranks that hold them.
  const IdRows& ids = clustering.ids;
  write_ids(comm, file, "/ids", ids);
  file.write_rows("/assignments", ids.total_rows, ids.rows, std::span<const std::int32_t>(clustering.assignments));
  mark_array(file, "/assignments", "array");
  file.write_rows("/distances", ids.total_rows, ids.rows, std::span<const float>(clustering.distances));
  mark_array(file, "/distances", "array");

  // 4. What there is of clusters, iterations and dimensions.
  file.create_group("/clusters");
  write_from_root(comm, file, "/clusters/sizes", clustering.sizes);
  if (!clustering.weights.empty()) write_from_root(comm, file, "/clusters/weights", clustering.weights);
  write_kmeans_history(comm, file, "", clustering.history);
  write_dimensions(comm, file, clustering);
  file.commit();
}

void write_assignments_csv(const Communicator& comm, const std::string& path, const Clustering& clustering) {
  check_shares(comm, clustering);
  OrderedTextFile file(comm, path);
  file.append(comm.is_root() ? "id,cluster,distance\n" : "");
  fmt::memory_buffer text;
  for (std::size_t r = 0; r < clustering.assignments.size(); ++r) {
    const std::string id = csv_field(id_text(clustering.ids.ids, static_cast<Index>(r)));
    if (clustering.assignments[r] == no_cluster) {
      fmt::format_to(std::back_inserter(text), "{},{},\n", id, no_cluster);
    } else {
      fmt::format_to(std::back_inserter(text), "{},{},{}\n", id, clustering.assignments[r], clustering.distances[r]);
    }
  }
  file.append({text.data(), text.size()});
  file.commit();
}

struct ClusteringReader::Impl {
  const Communicator* comm;
  Hdf5Reader file;
  Provenance provenance;
  DistanceMetric metric = DistanceMetric::euclidean;
  Index clusters = 0;
  Index dimensions = 0;
  Index rows = 0;
  std::vector<std::string> names;
  std::optional<DimensionScaling> scaling;
  bool unit_rows = false;
  std::optional<RowOrigin> origin;
  std::uint64_t content_digest = 0;

  [[nodiscard]] static Impl open(const Communicator& comm, const std::string& path, InputCheck check);
  [[noreturn]] void refuse(const std::string& reason) const {
    throw Error(ExitCode::bad_data, fmt::format("{}: {}", file.path(), reason));
  }
  void read_metric();
  void read_dimensions();
  [[nodiscard]] DimensionTransform read_transform() const;
  void read_row_count();
  [[nodiscard]] std::vector<double> read_per_dimension(const std::string& name) const;
};

ClusteringReader::Impl ClusteringReader::Impl::open(const Communicator& comm, const std::string& path,
                                                    InputCheck check) {
  Impl opened{
      .comm = &comm, .file = open_checked(path, check), .provenance = {}, .names = {}, .scaling = {}, .origin = {}};
  opened.provenance = read_provenance(opened.file, "clustering");
  opened.read_metric();
  const Hdf5Shape shape = opened.file.shape("/centroids", Hdf5Kind::floating, 2);
  opened.clusters = shape.rows();
  opened.dimensions = shape.extents[1];
  if (opened.clusters < 1 || opened.dimensions < 1) opened.refuse("/centroids is empty");
  if (opened.clusters > std::numeric_limits<std::int32_t>::max()) opened.refuse("/centroids has more than 2^31 rows");
  opened.read_dimensions();
  opened.read_row_count();
  opened.unit_rows = opened.file.has_attribute("/", "scale") && opened.file.read_text("/", "scale") == "unit";
  opened.origin = read_row_origin(opened.file);
  if (opened.file.has_attribute("/", metadata_digest_attribute))
    opened.content_digest = opened.file.read_unsigned("/", metadata_digest_attribute);
  return opened;
}

void ClusteringReader::Impl::read_metric() {
  const auto found = std::ranges::find(metric_names, file.read_text("/", "metric"));
  if (found == metric_names.end()) refuse("attribute metric is none of the known ones");
  metric = static_cast<DistanceMetric>(found - metric_names.begin());
}

std::vector<double> ClusteringReader::Impl::read_per_dimension(const std::string& name) const {
  if (file.shape(name, Hdf5Kind::floating, 1).rows() != dimensions) {
    refuse(fmt::format("{} does not fit the {} columns of /centroids", name, dimensions));
  }
  std::vector<double> values = file.read_rows<double>(name, {0, dimensions});
  if (!std::ranges::all_of(values, [](double value) { return std::isfinite(value); })) {
    refuse(fmt::format("{} holds a value that is not finite", name));
  }
  return values;
}

void ClusteringReader::Impl::read_dimensions() {
  if (!file.has("/dimensions")) return;
  if (file.has("/dimensions/names")) {
    if (file.shape("/dimensions/names", Hdf5Kind::text, 1).rows() != dimensions) {
      refuse(fmt::format("/dimensions/names does not fit the {} columns of /centroids", dimensions));
    }
    names = file.read_strings("/dimensions/names", {0, dimensions});
  }
  if (file.has("/dimensions/shift") || file.has("/dimensions/scale")) {
    scaling = DimensionScaling{read_per_dimension("/dimensions/shift"), read_per_dimension("/dimensions/scale")};
    if (std::ranges::any_of(scaling->scale, [](double scale) { return scale <= 0; })) {
      refuse("/dimensions/scale holds a value that is not above 0");
    }
    scaling->before = read_transform();
  }
}

DimensionTransform ClusteringReader::Impl::read_transform() const {
  if (!file.has_attribute("/", "scale")) return DimensionTransform::none;  // of an older version
  const auto found = std::ranges::find(scaling_names, file.read_text("/", "scale"));
  if (found == scaling_names.end()) refuse("attribute scale is none of the known ones, but rows were scaled");
  return static_cast<DimensionTransform>(found - scaling_names.begin());
}

void ClusteringReader::Impl::read_row_count() {
  rows = id_rows(file, "/ids");
  if (file.shape("/assignments", Hdf5Kind::integer, 1).rows() != rows ||
      file.shape("/distances", Hdf5Kind::floating, 1).rows() != rows) {
    refuse("/ids, /assignments and /distances differ in length");
  }
}

ClusteringReader::ClusteringReader(const Communicator& comm, const std::string& path, InputCheck check)
    : impl_(agree_on(comm, [&] { return std::make_unique<Impl>(Impl::open(comm, path, check)); })) {
  agree_on_version(comm, path, impl_->file.version());
}
ClusteringReader::~ClusteringReader() = default;
ClusteringReader::ClusteringReader(ClusteringReader&&) noexcept = default;
ClusteringReader& ClusteringReader::operator=(ClusteringReader&&) noexcept = default;

bool ClusteringReader::compares() const {
  return impl_->file.compares();
}

const Provenance& ClusteringReader::provenance() const {
  return impl_->provenance;
}

std::uint64_t ClusteringReader::content_digest() const {
  return impl_->content_digest;
}

DistanceMetric ClusteringReader::metric() const {
  return impl_->metric;
}

Index ClusteringReader::clusters() const {
  return impl_->clusters;
}

Index ClusteringReader::dimensions() const {
  return impl_->dimensions;
}

const std::vector<std::string>& ClusteringReader::dimension_names() const {
  return impl_->names;
}

const std::optional<DimensionScaling>& ClusteringReader::scaling() const {
  return impl_->scaling;
}

bool ClusteringReader::unit_rows() const {
  return impl_->unit_rows;
}

const std::optional<RowOrigin>& ClusteringReader::origin() const {
  return impl_->origin;
}

Index ClusteringReader::rows() const {
  return impl_->rows;
}

ClusteredRows ClusteringReader::clustered_rows(RowRange rows) const {
  return agree_on(*impl_->comm, [&] {
    const Impl& in = *impl_;
    ClusteredRows read{read_ids(in.file, "/ids", rows), in.file.read_rows<std::int32_t>("/assignments", rows),
                       in.file.read_rows<float>("/distances", rows)};
    const std::vector<float>& distances = read.distances;
    for (std::size_t r = 0; r < distances.size(); ++r) {
      const std::int32_t cluster = read.assignments[r];
      const Index row = rows.begin + static_cast<Index>(r);
      if (cluster < no_cluster || cluster >= in.clusters) {
        in.refuse(fmt::format("/assignments: row {} is {}, expected a cluster below {}, or {} for none", row, cluster,
                              in.clusters, no_cluster));
      }
      if (cluster == no_cluster ? !std::isnan(distances[r]) : !std::isfinite(distances[r])) {
        in.refuse(fmt::format("/distances: row {}, of cluster {}, is {}", row, cluster, distances[r]));
      }
    }
    return read;
  });
}

Matrix ClusteringReader::centroids() const {
  return agree_on(*impl_->comm, [&] {
    const Impl& in = *impl_;
    return read_finite_rows(
        in.file.path() + ": /centroids", {0, in.clusters}, in.dimensions,
        [&](RowRange rows, std::span<double> out) { in.file.read_numbers("/centroids", rows, in.dimensions, out); });
  });
}

}  // namespace rankwise
