#include "io/clustering/kmeans_checkpoint.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <utility>

#include "io/clustering/kmeans_history.hpp"
#include "io/dataset/provenance_attributes.hpp"
#include "io/hdf5/reader.hpp"
#include "io/hdf5/root_rows.hpp"
#include "io/hdf5/writer.hpp"
#include "kernels/base/finite_rows.hpp"

namespace rankwise {

namespace {

constexpr std::array<std::string_view, 3> training_names{"none", "lloyd", "mini-batches"};  // by alternative

/// What the table of tried numbers of clusters has: names and places of its columns.
struct IntegerColumn {
  const char* name;
  Index ClusterTableRow::*value;
};
constexpr std::array<IntegerColumn, 4> integer_columns{{{"clusters", &ClusterTableRow::clusters},
                                                        {"iterations", &ClusterTableRow::iterations},
                                                        {"smallest", &ClusterTableRow::smallest},
                                                        {"largest", &ClusterTableRow::largest}}};
struct NumberColumn {
  const char* name;
  double& (*value)(ClusterTableRow& row);
};
constexpr std::array<NumberColumn, 6> number_columns{
    {{"inertia", [](ClusterTableRow& row) -> double& { return row.inertia; }},
     {"davies-bouldin", [](ClusterTableRow& row) -> double& { return row.quality.davies_bouldin; }},
     {"calinski-harabasz", [](ClusterTableRow& row) -> double& { return row.quality.calinski_harabasz; }},
     {"simplified-silhouette", [](ClusterTableRow& row) -> double& { return row.quality.simplified_silhouette; }},
     {"silhouette", [](ClusterTableRow& row) -> double& { return row.quality.silhouette; }},
     {"stability", [](ClusterTableRow& row) -> double& { return row.stability; }}}};

std::string tried_name(const char* column) {
  return fmt::format("/tried/{}", column);
}

std::string fold_group(Index fold) {
  return fmt::format("/folds/{}", fold);
}

/// The parts of one checkpoint, written one after the other. Every member is collective.
class Writer {
 public:
  Writer(const Communicator& comm, const std::string& path, Index expected_bytes, int deflate_level)
      : comm_(comm), file_(comm, path, expected_bytes, {.deflate_level = deflate_level}) {}

  void stamp(const KMeansProgress& progress, const Provenance& provenance) {
    Provenance stamped = provenance;
    stamped.kind = kmeans_checkpoint_kind;
    write_provenance(file_, stamped);
    file_.write_attribute("/", "steps", static_cast<std::int64_t>(progress.steps));
    file_.write_attribute("/", "restart", static_cast<std::int64_t>(progress.restart));
    file_.write_attribute("/", "folds", static_cast<std::int64_t>(std::ssize(progress.folds)));
    file_.write_attribute("/", "training", training_names[progress.training.index()]);
  }

  void write_tried(std::vector<ClusterTableRow> rows) {
    file_.create_group("/tried");
    for (const IntegerColumn& column : integer_columns) {
      std::vector<std::int64_t> values;
      for (const ClusterTableRow& row : rows) values.push_back(row.*column.value);
      write_from_root(comm_, file_, tried_name(column.name), values);
    }
    for (const NumberColumn& column : number_columns) {
      std::vector<double> values;
      for (ClusterTableRow& row : rows) values.push_back(column.value(row));
      write_from_root(comm_, file_, tried_name(column.name), values);
    }
  }

  void write_model(const std::string& group, const KMeansResult& model) {
    file_.create_group(group);
    write_from_root(comm_, file_, group + "/centroids", model.centroids);
    write_kmeans_history(comm_, file_, group, model.history);
    file_.write_attribute(group, "converged", static_cast<std::int64_t>(model.converged));
  }

  void write_before(const Matrix& centroids) {
    file_.create_group("/before");
    write_from_root(comm_, file_, "/before/centroids", centroids);
  }

  void write_folds(const std::vector<KMeansResult>& folds) {
    file_.create_group("/folds");
    for (std::size_t f = 0; f < folds.size(); ++f) write_model(fold_group(static_cast<Index>(f)), folds[f]);
  }

  void write_training(const std::monostate& /*none*/) {}

  void write_training(const LloydState& state) {
    file_.create_group("/training");
    write_from_root(comm_, file_, "/training/centroids", state.centroids);
    write_kmeans_history(comm_, file_, "/training", state.history);
    file_.write_attribute("/training", "converged", static_cast<std::int64_t>(state.converged));
    file_.write_attribute("/training", "least-squared-shift", state.least_squared_shift);
    if (state.history.empty()) return;
    write_from_root(comm_, file_, "/training/assigned-to", state.assigned_to);
    std::vector<std::int64_t> rows;
    std::vector<std::int64_t> clusters;
    for (const Relocation& relocation : state.relocations) {
      rows.push_back(relocation.row);
      clusters.push_back(relocation.cluster);
    }
    file_.create_group("/training/relocations");
    write_from_root(comm_, file_, "/training/relocations/rows", rows);
    write_from_root(comm_, file_, "/training/relocations/clusters", clusters);
  }

  void write_training(const MiniBatchState& state) {
    file_.create_group("/training");
    write_from_root(comm_, file_, "/training/centroids", state.centroids);
    file_.write_attribute("/training", "batches", static_cast<std::int64_t>(state.batches));
    if (state.batches > 0) write_from_root(comm_, file_, "/training/taken", state.taken);
  }

  void commit() { file_.commit(); }

 private:
  const Communicator& comm_;
  Hdf5Writer file_;
};

/// The same parts, read by one rank. Every member throws Error(bad_data).
class Reader {
 public:
  Reader(const std::string& path, Index dimensions) : file_(path), dimensions_(dimensions) {
    static_cast<void>(read_provenance(file_, kmeans_checkpoint_kind));
  }

  [[nodiscard]] KMeansProgress read() const {
    KMeansProgress progress;
    progress.steps = read_count("/", "steps");
    progress.restart = read_count("/", "restart");
    progress.tried = read_tried();
    if (file_.has("/before")) progress.before = read_centroids("/before/centroids");
    progress.recommended = read_model_if_any("/recommended");
    progress.present = read_model_if_any("/present");
    progress.best = read_model_if_any("/best");
    const Index folds = read_count("/", "folds");
    for (Index f = 0; f < folds; ++f) progress.folds.push_back(read_model(fold_group(f)));
    const std::string training = file_.read_text("/", "training");
    if (training == training_names[1]) {
      progress.training = read_lloyd();
    } else if (training == training_names[2]) {
      progress.training = read_mini_batches();
    } else if (training != training_names[0]) {
      refuse("attribute training is none of the known ones");
    }
    return progress;
  }

 private:
  [[noreturn]] void refuse(const std::string& reason) const {
    throw Error(ExitCode::bad_data, fmt::format("{}: {}", file_.path(), reason));
  }

  [[nodiscard]] Index read_count(const std::string& object, const std::string& attribute) const {
    const Index count = file_.read_integer(object, attribute);
    if (count < 0) refuse(fmt::format("{}: attribute {} is below 0", object, attribute));
    return count;
  }

  template <class T>
  [[nodiscard]] std::vector<T> read_all(const std::string& name, Hdf5Kind kind) const {
    return file_.read_rows<T>(name, {0, file_.shape(name, kind, 1).rows()});
  }

  [[nodiscard]] std::vector<ClusterTableRow> read_tried() const {
    std::vector<ClusterTableRow> rows(read_all<std::int64_t>(tried_name("clusters"), Hdf5Kind::integer).size());
    const auto fill = [&](const auto& column, const auto& values, const auto& place) {
      if (values.size() != rows.size()) refuse("/tried: its parts differ in length");
      for (std::size_t r = 0; r < rows.size(); ++r) place(rows[r], column) = values[r];
    };
    for (const IntegerColumn& column : integer_columns) {
      fill(column, read_all<std::int64_t>(tried_name(column.name), Hdf5Kind::integer),
           [](ClusterTableRow& row, const IntegerColumn& of) -> Index& { return row.*of.value; });
    }
    for (const NumberColumn& column : number_columns) {
      fill(column, read_all<double>(tried_name(column.name), Hdf5Kind::floating),
           [](ClusterTableRow& row, const NumberColumn& of) -> double& { return of.value(row); });
    }
    return rows;
  }

  [[nodiscard]] Matrix read_centroids(const std::string& name) const {
    const Hdf5Shape shape = file_.shape(name, Hdf5Kind::floating, 2);
    constexpr Index most_clusters = std::numeric_limits<std::int32_t>::max();
    if (shape.rows() < 1 || shape.rows() > most_clusters || !shape.has_columns(dimensions_)) {
      refuse(fmt::format("{} is {} x {}, expected {} columns", name, shape.rows(), shape.extents[1], dimensions_));
    }
    return read_finite_rows(
        file_.path() + ": " + name, {0, shape.rows()}, dimensions_,
        [&](RowRange rows, std::span<double> out) { file_.read_numbers(name, rows, dimensions_, out); });
  }

  [[nodiscard]] KMeansResult read_model(const std::string& group) const {
    KMeansResult model;
    model.centroids = read_centroids(group + "/centroids");
    model.history = read_kmeans_history(file_, group);
    model.converged = read_count(group, "converged") != 0;
    return model;
  }

  [[nodiscard]] std::optional<KMeansResult> read_model_if_any(const std::string& group) const {
    if (!file_.has(group)) return std::nullopt;
    return read_model(group);
  }

  [[nodiscard]] LloydState read_lloyd() const {
    LloydState state{read_centroids("/training/centroids")};
    state.history = read_kmeans_history(file_, "/training");
    state.converged = read_count("/training", "converged") != 0;
    state.least_squared_shift = file_.read_number("/training", "least-squared-shift");
    if (state.history.empty()) return state;
    state.assigned_to = read_centroids("/training/assigned-to");
    if (state.assigned_to.rows() != state.centroids.rows()) refuse("/training: its parts differ in clusters");
    const auto rows = read_all<std::int64_t>("/training/relocations/rows", Hdf5Kind::integer);
    const auto clusters = read_all<std::int64_t>("/training/relocations/clusters", Hdf5Kind::integer);
    if (rows.size() != clusters.size()) refuse("/training/relocations: its parts differ in length");
    for (std::size_t r = 0; r < rows.size(); ++r) {
      if (clusters[r] < 0 || clusters[r] >= state.centroids.rows()) {
        refuse(fmt::format("/training/relocations names cluster {}", clusters[r]));
      }
      state.relocations.push_back({rows[r], static_cast<std::int32_t>(clusters[r])});
    }
    return state;
  }

  [[nodiscard]] MiniBatchState read_mini_batches() const {
    MiniBatchState state{read_centroids("/training/centroids")};
    state.batches = read_count("/training", "batches");
    if (state.batches == 0) return state;
    state.taken = read_all<double>("/training/taken", Hdf5Kind::floating);
    const bool is_sound = std::ranges::all_of(state.taken, [](double w) { return std::isfinite(w) && w >= 0; });
    if (std::ssize(state.taken) != state.centroids.rows() || !is_sound) {
      refuse("/training/taken is not a weight for each cluster");
    }
    return state;
  }

  Hdf5Reader file_;
  Index dimensions_;
};

Index bytes_of(const KMeansResult& model) {
  return static_cast<Index>(model.centroids.bytes()) + std::ssize(model.history) * Index{sizeof(double)} * 2;
}

/// Bytes of the values.
Index expected_bytes(const KMeansProgress& progress) {
  Index bytes = std::ssize(progress.tried) * Index{sizeof(ClusterTableRow)};
  bytes += static_cast<Index>(progress.before.bytes());
  for (const auto* model : {&progress.recommended, &progress.present, &progress.best}) {
    if (*model) bytes += bytes_of(**model);
  }
  for (const KMeansResult& fold : progress.folds) bytes += bytes_of(fold);
  if (const auto* lloyd = std::get_if<LloydState>(&progress.training)) {
    bytes += static_cast<Index>(lloyd->centroids.bytes() + lloyd->assigned_to.bytes());
    bytes += (std::ssize(lloyd->history) + std::ssize(lloyd->relocations)) * Index{sizeof(double)} * 2;
  } else if (const auto* batches = std::get_if<MiniBatchState>(&progress.training)) {
    bytes += static_cast<Index>(batches->centroids.bytes()) + std::ssize(batches->taken) * Index{sizeof(double)};
  }
  return bytes;
}

}  // namespace

void write_kmeans_checkpoint(const Communicator& comm, const std::string& path, const KMeansProgress& progress,
                             const Provenance& provenance, int deflate_level) {
  Writer writer(comm, path, expected_bytes(progress), deflate_level);
  writer.stamp(progress, provenance);
  writer.write_tried(progress.tried);
  if (progress.before.rows() > 0) writer.write_before(progress.before);
  if (progress.recommended) writer.write_model("/recommended", *progress.recommended);
  if (progress.present) writer.write_model("/present", *progress.present);
  writer.write_folds(progress.folds);
  if (progress.best) writer.write_model("/best", *progress.best);
  std::visit([&](const auto& state) { writer.write_training(state); }, progress.training);
  writer.commit();
}

KMeansProgress read_kmeans_checkpoint(const Communicator& comm, const std::string& path, Index dimensions) {
  return damage_named([&] { return agree_on(comm, [&] { return Reader(path, dimensions).read(); }); });
}

}  // namespace rankwise
