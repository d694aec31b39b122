#include "io/points/points_file.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <iterator>
#include <limits>
#include <numeric>
#include <utility>

#include "distributed/comm/key_exchange.hpp"
#include "distributed/kmeans/points_digest.hpp"
#include "distributed/rows/redistribute.hpp"
#include "io/dataset/id_file.hpp"
#include "io/hdf5/file_digests.hpp"
#include "io/hdf5/reader.hpp"
#include "io/model/model.hpp"
#include "io/points/annotated_data.hpp"
#include "io/points/npy_file.hpp"
#include "io/points/point_text.hpp"
#include "io/points/profile_points.hpp"
#include "kernels/base/finite_rows.hpp"
#include "kernels/text/shown_text.hpp"
#include "kernels/text/utf8.hpp"

namespace rankwise {

namespace {

/// Choices that a file of this format cannot follow are refused: without effect, they would mislead.
void refuse_without_effect(const PointSource& source, PointFormat format) {
  struct Choice {
    bool given;
    bool possible;
    const char* thing;
  };
  const bool sided = format == PointFormat::model || format == PointFormat::dataset;
  const bool named = format == PointFormat::hdf5 || format == PointFormat::text;
  const std::array choices{Choice{source.side.has_value(), sided, "users or items"},
                           Choice{!source.dataset.empty(), format == PointFormat::hdf5, "named datasets"},
                           Choice{!source.columns.empty(),
                                  format == PointFormat::text || format == PointFormat::profile, "columns to choose"},
                           Choice{!source.ids.empty(), named, "ids to choose"},
                           Choice{!source.weights.empty(), named, "weights"}};
  for (const Choice& choice : choices) {
    if (!choice.given || choice.possible) continue;
    throw AgreedError(ExitCode::usage,
                      fmt::format("{} is {}, which has no {}", source.path, format_text(format), choice.thing));
  }
}

/// The rows that this rank reads; the same error on every rank where there is nothing to read.
Partition share_out(const Communicator& comm, const std::string& path, Index rows, Index columns) {
  if (rows == 0) throw AgreedError(ExitCode::bad_data, fmt::format("{}: holds no rows", path));
  if (columns < 1 || columns > std::numeric_limits<LocalIndex>::max()) {
    throw AgreedError(ExitCode::bad_data, fmt::format("{}: rows have {} columns, expected 1 to 2^31", path, columns));
  }
  return Partition::by_count(rows, comm.size());
}

IdRows row_numbers(RowRange rows, Index total_rows) {
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(rows.size()));
  std::iota(numbers.begin(), numbers.end(), rows.begin);
  return {rows, total_rows, std::move(numbers)};
}

RowSide side_of(const PointSource& source) {
  return source.side.value_or(RowSide::users);
}

const char* side_text(RowSide side) {
  return side == RowSide::users ? "users" : "items";
}

Matrix without_last_column(const Matrix& matrix) {
  Matrix kept(matrix.rows(), matrix.columns() - 1);
  for (Index r = 0; r < kept.rows(); ++r) std::copy_n(matrix.row(r), kept.columns(), kept.row(r));
  return kept;
}

CsrBlock csr_block(SparseRows rows) {
  return {std::move(rows.offsets), std::vector<LocalIndex>(rows.columns.begin(), rows.columns.end()),
          std::move(rows.values), rows.column_count};
}

/// `entries` of this rank's rows.
void leave_out_without_entries(const Communicator& comm, PointSet& set, const std::vector<Index>& entries) {
  std::vector<Index> without;
  for (std::size_t r = 0; r < entries.size(); ++r) {
    if (entries[r] == 0) without.push_back(static_cast<Index>(r));
  }
  set.without_entries = leave_out(comm, set, without);
}

template <class Reader>
void warn_if_not_compared(const PointSource& source, const Reader& file, std::vector<std::string>& warnings) {
  if (source.check == InputCheck::none || file.compares()) return;
  warnings.push_back(fmt::format("{}: {}", source.path, no_digests_text));
}

PointSet read_model_rows(const Communicator& comm, const PointSource& source) {
  const ModelReader model(comm, source.path, source.check);
  const bool users = side_of(source) == RowSide::users;
  PointSet set;
  set.points.dimensions = model.factors();
  const Partition partition = share_out(comm, source.path, users ? model.users() : model.items(), model.factors());
  const RowRange mine = partition.range(comm.rank());
  set.points.count = partition.rows();
  set.points.mine = mine;
  Matrix factors = users ? model.user_factors(mine) : model.item_factors(mine);
  set.points.rows = model.objective().biases ? without_last_column(factors) : std::move(factors);
  set.ids = users ? model.user_ids(mine) : model.item_ids(mine);
  set.dataset_digest = model.provenance().dataset_digest;
  set.origin = {.format = PointFormat::model,
                .side = side_of(source),
                .has_ids = true,
                .model_digest = model.content_digest(),
                .model_ancestors = model.lineage()};
  set.note = fmt::format("{}: a model, {} {} x {} factors", source.path, set.points.count, side_text(side_of(source)),
                         set.points.dimensions);
  leave_out_without_entries(comm, set, users ? model.user_entries(mine) : model.item_entries(mine));
  warn_if_not_compared(source, model, set.warnings);
  return set;
}

PointSet read_dataset_rows(const Communicator& comm, const PointSource& source) {
  const DatasetReader dataset(comm, source.path, std::nullopt, TrainedOn::training, source.check);
  const bool users = side_of(source) == RowSide::users;
  const DatasetPart part = users ? DatasetPart::interactions : DatasetPart::interactions_by_item;
  PointSet set;
  set.points.dimensions = dataset.columns(part);
  const Partition partition = share_out(comm, source.path, dataset.rows(part), dataset.columns(part));
  const RowRange mine = partition.range(comm.rank());
  set.points.count = partition.rows();
  set.points.mine = mine;
  SparseRows rows = dataset.read(part, mine);
  std::vector<Index> entries;
  std::adjacent_difference(rows.offsets.begin(), rows.offsets.end(), std::back_inserter(entries));
  entries.erase(entries.begin());  // what an offset adds to the one before it
  set.points.rows = csr_block(std::move(rows));
  set.ids = users ? dataset.user_ids(mine) : dataset.item_ids(mine);
  set.dataset_digest = dataset.provenance().dataset_digest;
  const RowRange my_dimensions = Partition::by_count(set.points.dimensions, comm.size()).range(comm.rank());
  const IdRows dimension_ids = users ? dataset.item_ids(my_dimensions) : dataset.user_ids(my_dimensions);
  set.origin = {.format = PointFormat::dataset,
                .side = side_of(source),
                .has_ids = true,
                .dimension_ids_digest = ids_digest(comm, dimension_ids)};
  set.note = fmt::format("{}: a dataset, {} {} x {} {}", source.path, set.points.count, side_text(side_of(source)),
                         set.points.dimensions, users ? "items" : "users");
  leave_out_without_entries(comm, set, entries);
  warn_if_not_compared(source, dataset, set.warnings);
  return set;
}

/// A matrix in an HDF5 file, and what lies beside it.
struct MatrixForm {
  Index rows = 0;
  Index columns = 0;
  std::optional<SparseForm> sparse = {};  ///< nothing of a dense one
  std::string ids = {};                   ///< a dataset; empty where rows are numbered
  std::vector<std::string> warnings = {};
};

MatrixForm extents_of(const Hdf5Reader& file, const std::string& name) {
  if (file.has_group(name)) {
    const SparseForm form = sparse_form(file, name);
    return {.rows = form.rows, .columns = form.columns, .sparse = form};
  }
  const Hdf5Shape shape = file.shape(name);
  if (shape.kind == Hdf5Kind::text || shape.extents.size() != 2) {
    throw Error(ExitCode::bad_data,
                fmt::format("{}: {} is not a matrix of numbers: it holds {} values in {} dimension{}", file.path(),
                            name, shape.type, shape.extents.size(), shape.extents.size() == 1 ? "" : "s"));
  }
  return {.rows = shape.rows(), .columns = shape.extents[1]};
}

/// Checked for what `source` names beside the matrix. Local; the same on every rank.
MatrixForm matrix_form(const Hdf5Reader& file, const PointSource& source) {
  MatrixForm form = extents_of(file, source.dataset);
  const auto check_rows = [&](const std::string& name, Index rows) {
    if (rows == form.rows) return;
    throw Error(ExitCode::bad_data,
                fmt::format("{}: {} has {} rows, but {} has {}", file.path(), name, rows, source.dataset, form.rows));
  };
  if (!source.weights.empty()) check_rows(source.weights, file.shape(source.weights).rows());
  if (!source.ids.empty()) {
    form.ids = id_dataset(file, source.ids);
    check_rows(form.ids, id_rows(file, form.ids));
    return form;
  }
  try {
    const std::optional<std::string> ids = observation_ids(file, source.dataset);
    if (ids) check_rows(*ids, id_rows(file, *ids));
    form.ids = ids.value_or("");
  } catch (const Error& error) {  // nobody asked for them
    if (error.code() != ExitCode::bad_data) throw;
    form.warnings.push_back(fmt::format("{}; rows are numbered from 0", error.what()));
  }
  return form;
}

/// Ids of others' files, which may hold any bytes.
IdRows read_text_or_integer_ids(const Hdf5Reader& file, const std::string& name, RowRange rows) {
  IdRows read = read_ids(file, name, rows);
  const auto* const texts = std::get_if<std::vector<std::string>>(&read.ids);
  if (texts == nullptr) return read;
  const auto bad = std::ranges::find_if_not(*texts, is_utf8);
  if (bad == texts->end()) return read;
  throw Error(ExitCode::bad_data, fmt::format("{}: {}: row {} is no UTF-8: {}", file.path(), name,
                                              rows.begin + (bad - texts->begin()), shown(*bad)));
}

PointSet read_hdf5_rows(const Communicator& comm, const PointSource& source) {
  if (source.dataset.empty()) {
    throw AgreedError(
        ExitCode::usage,
        fmt::format("{}: expected --dataset, the dataset of this file that holds the rows, such as /X", source.path));
  }
  const auto file = agree_on(comm, [&] { return open_checked(source.path, source.check); });
  agree_on_version(comm, source.path, file.version());
  const MatrixForm form = agree_on(comm, [&] { return matrix_form(file, source); });
  PointSet set;
  set.points.dimensions = form.columns;
  const Partition partition = share_out(comm, source.path, form.rows, form.columns);
  const RowRange mine = partition.range(comm.rank());
  set.points.count = partition.rows();
  set.points.mine = mine;
  const auto numbers_of = [&](const std::string& name, Index columns) {
    return
        [&file, name, columns](RowRange rows, std::span<double> out) { file.read_numbers(name, rows, columns, out); };
  };
  if (form.sparse) {
    set.points.rows = csr_block(read_sparse_matrix(comm, file, source.dataset, *form.sparse, partition));
  } else {
    set.points.rows = agree_on(comm, [&] {
      return read_finite_rows(source.path, mine, form.columns, numbers_of(source.dataset, form.columns));
    });
  }
  if (!source.weights.empty()) {
    set.points.weights = agree_on(comm, [&] { return read_weights(source.path, mine, numbers_of(source.weights, 1)); });
  }
  set.origin = {.format = PointFormat::hdf5, .has_ids = !form.ids.empty()};
  set.ids = form.ids.empty() ? row_numbers(mine, form.rows)
                             : agree_on(comm, [&] { return read_text_or_integer_ids(file, form.ids, mine); });
  set.warnings = form.warnings;
  set.note = fmt::format("{}: {}, {} x {}{}{}", source.path, source.dataset, form.rows, form.columns,
                         form.sparse ? ", sparse" : "", form.ids.empty() ? "" : ", ids = " + form.ids);
  return set;
}

PointSet read_npy_rows(const Communicator& comm, const PointSource& source) {
  const auto opened = agree_on(comm, [&] { return open_named(source.path); });
  agree_on_version(comm, source.path, opened->version());
  const auto file = agree_on(comm, [&] { return NpyFile(source.path, opened); });
  PointSet set;
  set.points.dimensions = file.columns();
  const Partition partition = share_out(comm, source.path, file.rows(), file.columns());
  const RowRange mine = partition.range(comm.rank());
  set.points.count = partition.rows();
  set.points.mine = mine;
  set.points.rows = agree_on(comm, [&] {
    return read_finite_rows(source.path, mine, file.columns(),
                            [&](RowRange rows, std::span<double> out) { file.read_rows(rows, out); });
  });
  set.ids = row_numbers(mine, file.rows());
  set.origin = {.format = PointFormat::npy};
  set.note = fmt::format("{}: a .npy file, {} x {}", source.path, file.rows(), file.columns());
  return set;
}

/// Columns of text, moved from the ranks that read them to those that own them.
PointSet read_text_rows(const Communicator& comm, const PointSource& source) {
  PointText text = read_point_text(comm, source);
  PointSet set;
  set.points.dimensions = text.columns;
  const Partition partition = share_out(comm, source.path, text.total_rows, text.columns);
  const RowRange mine = partition.range(comm.rank());
  set.points.count = partition.rows();
  set.points.mine = mine;
  {
    const std::vector<float> moved =
        redistribute(comm, text.rows, std::exchange(text.values, {}), text.columns, partition);
    Matrix rows(mine.size(), text.columns);
    for (Index r = 0; r < mine.size(); ++r) std::copy_n(moved.data() + r * text.columns, text.columns, rows.row(r));
    set.points.rows = std::move(rows);
  }
  if (!source.weights.empty()) set.points.weights = redistribute(comm, text.rows, text.weights, 1, partition);
  set.origin = {.format = PointFormat::text, .has_ids = text.ids.has_value()};
  set.ids = text.ids ? redistribute(comm, *text.ids, partition) : row_numbers(mine, text.total_rows);
  set.dimensions = std::move(text.names);
  set.warnings = std::move(text.warnings);
  set.note = fmt::format("{}: {}, {} rows", source.path, text.description, text.total_rows);
  return set;
}

PointSet read_format(const Communicator& comm, const PointSource& source, PointFormat format) {
  switch (format) {
    case PointFormat::model:
      return read_model_rows(comm, source);
    case PointFormat::dataset:
      return read_dataset_rows(comm, source);
    case PointFormat::npy:
      return read_npy_rows(comm, source);
    case PointFormat::text:
      return read_text_rows(comm, source);
    case PointFormat::profile:
      return read_profile_points(comm, source);
    case PointFormat::clustering:
    case PointFormat::hdf5:
      break;
  }
  return read_hdf5_rows(comm, source);
}

}  // namespace

PointSet read_points(const Communicator& comm, const PointSource& source) {
  PointFormat format = detect_points(comm, source.path);
  const bool is_hdf5 = format != PointFormat::npy && format != PointFormat::text;
  if (is_hdf5 && !source.dataset.empty()) format = PointFormat::hdf5;
  refuse_without_effect(source, format);
  PointSet set = read_format(comm, source, format);
  set.weighted = !source.weights.empty();
  return set;
}

Centroids read_centroids(const Communicator& comm, const PointSource& source) {
  // The root alone: a communicator of its own makes it the only reader.
  Centroids read = agree_on(comm, [&] {
    if (!comm.is_root()) return Centroids();
    PointSet set = read_points(Communicator::single(), source);
    auto* const dense = std::get_if<Matrix>(&set.points.rows);
    if (dense == nullptr) {
      throw Error(ExitCode::bad_data, fmt::format("{}: holds sparse rows, expected dense centroids", source.path));
    }
    return Centroids{std::move(*dense), std::move(set.dimensions), std::move(set.warnings)};
  });
  const Index rows = comm.max(read.rows.rows());
  const Index columns = comm.max(read.rows.columns());
  std::vector<float> values(read.rows.row(0), read.rows.row(read.rows.rows()));  // with the padding
  comm.broadcast(values);
  Centroids centroids{Matrix(rows, columns), std::move(read.dimensions), std::move(read.warnings)};
  std::ranges::copy(values, centroids.rows.row(0));
  broadcast_texts(comm, centroids.dimensions);
  broadcast_texts(comm, centroids.warnings);
  return centroids;
}

}  // namespace rankwise
