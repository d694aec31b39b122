#include "io/model/model.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "io/dataset/id_file.hpp"
#include "io/dataset/provenance_attributes.hpp"
#include "io/hdf5/file_digests.hpp"
#include "io/hdf5/reader.hpp"
#include "io/hdf5/row_digests.hpp"
#include "io/hdf5/writer.hpp"
#include "io/model/lineage.hpp"
#include "io/model/loss_history.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

constexpr const char* loss_kinds[] = {"implicit", "explicit"};               // by LossKind
constexpr const char* weightings[] = {"constant", "linear", "logarithmic"};  // by Weighting
constexpr const char* lineage_datasets_name = "/lineage-datasets";
constexpr const char* trained_on_all_name = "/lineage-trained-on-all";

void write_objective(Hdf5Writer& file, const Objective& objective) {
  file.write_attribute("/", "objective", std::string_view(loss_kinds[static_cast<int>(objective.loss)]));
  file.write_attribute("/", "weighting", std::string_view(weightings[static_cast<int>(objective.weighting)]));
  file.write_attribute("/", "alpha", objective.alpha);
  file.write_attribute("/", "unobserved-weight", objective.unobserved_weight);
  file.write_attribute("/", "regularization", objective.regularization);
  file.write_attribute("/", "regularization-exponent", objective.regularization_exponent);
  file.write_attribute("/", "biases", static_cast<std::int64_t>(objective.biases));
  file.write_attribute("/", "global-mean", objective.global_mean);
}

/// The position of attribute `name`'s text among `names`.
template <std::size_t kSize>
int read_choice(const Hdf5Reader& file, const std::string& name, const char* const (&names)[kSize]) {
  const std::string text = file.read_text("/", name);
  for (std::size_t i = 0; i < kSize; ++i) {
    if (text == names[i]) return static_cast<int>(i);
  }
  throw Error(ExitCode::bad_data, fmt::format("{}: attribute {} is none of the known ones", file.path(), name));
}

Objective read_objective(const Hdf5Reader& file) {
  const auto number = [&](const char* name) {
    const double value = file.read_number("/", name);
    if (!std::isfinite(value)) {
      throw Error(ExitCode::bad_data, fmt::format("{}: attribute {} is not finite", file.path(), name));
    }
    return value;
  };
  Objective objective;
  objective.loss = static_cast<LossKind>(read_choice(file, "objective", loss_kinds));
  objective.weighting = static_cast<Weighting>(read_choice(file, "weighting", weightings));
  objective.alpha = number("alpha");
  objective.unobserved_weight = number("unobserved-weight");
  objective.regularization = number("regularization");
  objective.regularization_exponent = number("regularization-exponent");
  objective.biases = file.read_integer("/", "biases") != 0;
  objective.global_mean = number("global-mean");
  return objective;
}

/// Factors apart from the bias column, and the entries of each row.
void write_side(const Communicator& comm, Hdf5Writer& file, const std::string& group, const ModelSide& side,
                Index factors, bool biases) {
  agree_on(comm, [&] {
    const Index rows = side.ids.rows.size();
    if (side.factors.rows() != rows || side.factors.columns() != factors + (biases ? 1 : 0) ||
        static_cast<Index>(side.entries.size()) != rows) {
      throw Error(ExitCode::internal, fmt::format("{}: factors do not fit the ids or the model's size", group));
    }
  });
  file.create_group(group);
  write_ids(comm, file, group + "/ids", side.ids);
  ConstMatrixView view = side.factors.view();
  view.columns = factors;
  file.write_matrix(group + "/factors", side.ids.total_rows, side.ids.rows, view);
  mark_array(file, group + "/factors", "array");
  file.write_rows(group + "/entries", side.ids.total_rows, side.ids.rows, std::span<const Index>(side.entries));
  mark_array(file, group + "/entries", "array");
  if (!biases) return;
  const Index begin = side.ids.rows.begin;
  file.write_filled_rows<float>(group + "/biases", side.ids.total_rows, side.ids.rows, [&](RowRange piece, float* out) {
    for (Index r = piece.begin; r < piece.end; ++r) *out++ = view.row(r - begin)[factors];
  });
  mark_array(file, group + "/biases", "array");
}

void check_finite(const Hdf5Reader& file, const std::string& name, RowRange rows, ConstMatrixView values) {
  for (Index r = 0; r < values.rows; ++r) {
    for (const float value : values.row_span(r)) {
      if (!std::isfinite(value)) {
        throw Error(ExitCode::bad_data,
                    fmt::format("{}: {}: row {} holds a value that is not finite", file.path(), name, rows.begin + r));
      }
    }
  }
}

}  // namespace

void write_model(const Communicator& comm, const std::string& path, const Model& model, const Provenance& provenance,
                 int deflate_level) {
  const Index width = model.factors + (model.objective.biases ? 1 : 0);
  const Index bytes = id_bytes(comm, model.users.ids) + id_bytes(comm, model.items.ids) +
                      (model.users.ids.total_rows + model.items.ids.total_rows) *
                          (width * static_cast<Index>(sizeof(float)) + static_cast<Index>(sizeof(Index)));
  const auto of_features = [](const std::optional<ModelFeatures>& features) {
    return features ? feature_bytes(*features) : 0;
  };
  Hdf5Writer file(comm, path, bytes + of_features(model.user_features) + of_features(model.item_features),
                  {.deflate_level = deflate_level});
  Provenance stamped = provenance;
  stamped.kind = "model";
  write_provenance(file, stamped);
  write_objective(file, model.objective);
  file.write_attribute("/", "factors", static_cast<std::int64_t>(model.factors));
  write_training_part(file, model.trained_on, model.dataset_configuration, model.last_training_seconds);
  if (model.best_epoch) file.write_attribute("/", "best-epoch", static_cast<std::int64_t>(*model.best_epoch));
  write_loss_history(comm, file, model.history);
  write_lineage(comm, file, model.lineage);
  write_digests(comm, file, lineage_datasets_name, model.lineage_datasets);
  write_digests(comm, file, trained_on_all_name, model.lineage_trained_on_all);
  write_side(comm, file, "/users", model.users, model.factors, model.objective.biases);
  write_side(comm, file, "/items", model.items, model.factors, model.objective.biases);
  if (model.user_features) write_features(comm, file, user_features_group, *model.user_features);
  if (model.item_features) write_features(comm, file, item_features_group, *model.item_features);
  file.commit();
}

struct ModelReader::Impl {
  const Communicator* comm;
  Hdf5Reader file;
  TrainingRecord record;
  Objective objective;
  std::vector<EpochLoss> history;
  std::optional<Index> best_epoch = {};
  Index factors = 0;
  bool has_entry_counts = false;
  std::optional<ModelFeatures> user_features = {};
  std::optional<ModelFeatures> item_features = {};

  [[nodiscard]] static Impl open(const Communicator& comm, const std::string& path, InputCheck check);
  [[nodiscard]] Index read_side(const std::string& group) const;
  [[nodiscard]] std::optional<Index> read_best_epoch() const;
  [[nodiscard]] Matrix read_factors(const std::string& group, RowRange rows) const;
  [[nodiscard]] std::vector<Index> read_entries(const std::string& group, RowRange rows) const;
};

ModelReader::Impl ModelReader::Impl::open(const Communicator& comm, const std::string& path, InputCheck check) {
  Impl opened{.comm = &comm, .file = open_checked(path, check), .record = {}, .objective = {}, .history = {}};
  opened.record = read_training_record(opened.file, "model");
  TrainingRecord& record = opened.record;
  record.lineage = read_lineage(opened.file);
  if (record.lineage.empty() && record.provenance.warm_start_digest != 0) {
    record.lineage.push_back(record.provenance.warm_start_digest);
  }
  record.lineage_datasets = read_digests(opened.file, lineage_datasets_name);
  if (record.lineage_datasets.empty()) record.lineage_datasets.resize(record.lineage.size());
  if (record.lineage_datasets.size() != record.lineage.size()) {
    throw Error(ExitCode::bad_data,
                fmt::format("{}: {} has {} rows, expected {}, as /lineage has", path, lineage_datasets_name,
                            record.lineage_datasets.size(), record.lineage.size()));
  }
  record.lineage_trained_on_all = read_digests(opened.file, trained_on_all_name);
  opened.objective = read_objective(opened.file);
  opened.factors = opened.file.read_integer("/", "factors");
  if (opened.factors < 1 || opened.factors > most_factors) {
    throw Error(ExitCode::bad_data,
                fmt::format("{}: attribute factors is {}, expected 1 to {}", path, opened.factors, most_factors));
  }
  opened.has_entry_counts = opened.file.has("/users/entries") && opened.file.has("/items/entries");
  record.users = opened.read_side("/users");
  record.items = opened.read_side("/items");
  opened.history = read_loss_history(opened.file);
  opened.best_epoch = opened.read_best_epoch();
  record.compared_epochs = opened.best_epoch.has_value();
  const Index width = opened.factors + (opened.objective.biases ? 1 : 0);
  opened.user_features = read_features(opened.file, user_features_group, width);
  opened.item_features = read_features(opened.file, item_features_group, width);
  return opened;
}

std::optional<Index> ModelReader::Impl::read_best_epoch() const {
  if (!file.has_attribute("/", "best-epoch")) return std::nullopt;
  const Index epoch = file.read_integer("/", "best-epoch");
  if (epoch < 1 || epoch > static_cast<Index>(history.size())) {
    throw Error(ExitCode::bad_data,
                fmt::format("{}: attribute best-epoch is {}, expected 1 to {}", file.path(), epoch, history.size()));
  }
  return epoch;
}

/// Number of rows, the same in factors, ids, biases and entries.
Index ModelReader::Impl::read_side(const std::string& group) const {
  const Hdf5Shape shape = file.shape(group + "/factors", Hdf5Kind::floating, 2);
  const Index rows = shape.rows();
  if (shape.extents[1] != factors) {
    throw Error(ExitCode::bad_data,
                fmt::format("{}: {}/factors has {} columns, but the model's attribute factors is {}", file.path(),
                            group, shape.extents[1], factors));
  }
  const bool biases_fit = !objective.biases || file.shape(group + "/biases", Hdf5Kind::floating, 1).rows() == rows;
  const bool entries_fit = !has_entry_counts || file.shape(group + "/entries", Hdf5Kind::integer, 1).rows() == rows;
  if (id_rows(file, group + "/ids") != rows || !biases_fit || !entries_fit) {
    throw Error(ExitCode::bad_data,
                fmt::format("{}: {}: factors, ids, biases and entries differ in length", file.path(), group));
  }
  return rows;
}

Matrix ModelReader::Impl::read_factors(const std::string& group, RowRange rows) const {
  Matrix read(rows.size(), factors + (objective.biases ? 1 : 0));
  MatrixView view = read.view();
  const auto read_columns = [&](const std::string& name, Index first, Index count) {
    const MatrixView columns{view.data + first, view.rows, count, view.stride};
    file.read_matrix(name, rows, columns);
    check_finite(file, name, rows, columns);
  };
  read_columns(group + "/factors", 0, factors);
  if (objective.biases) read_columns(group + "/biases", factors, 1);
  return read;
}

std::vector<Index> ModelReader::Impl::read_entries(const std::string& group, RowRange rows) const {
  if (!has_entry_counts) {
    const Matrix read = read_factors(group, rows);
    std::vector<Index> entries;
    for (Index r = 0; r < read.rows(); ++r) {
      const std::span<const float> row = read.view().row_span(r);
      entries.push_back(std::ranges::all_of(row, [](float value) { return value == 0; }) ? 0 : 1);
    }
    return entries;
  }
  std::vector<Index> entries = file.read_rows<Index>(group + "/entries", rows);
  const auto negative = std::ranges::find_if(entries, [](Index count) { return count < 0; });
  if (negative != entries.end()) {
    throw Error(ExitCode::bad_data, fmt::format("{}: {}/entries: row {} is {}, expected a count", file.path(), group,
                                                rows.begin + (negative - entries.begin()), *negative));
  }
  return entries;
}

ModelReader::ModelReader(const Communicator& comm, const std::string& path, InputCheck check)
    : impl_(agree_on(comm, [&] { return std::make_unique<Impl>(Impl::open(comm, path, check)); })) {
  agree_on_version(comm, path, impl_->file.version());
}
ModelReader::~ModelReader() = default;
ModelReader::ModelReader(ModelReader&&) noexcept = default;
ModelReader& ModelReader::operator=(ModelReader&&) noexcept = default;

const TrainingRecord& ModelReader::record() const {
  return impl_->record;
}

const Objective& ModelReader::objective() const {
  return impl_->objective;
}

bool ModelReader::compares() const {
  return impl_->file.compares();
}

const Provenance& ModelReader::provenance() const {
  return impl_->record.provenance;
}

std::uint64_t ModelReader::content_digest() const {
  return impl_->record.content_digest;
}

const std::vector<std::uint64_t>& ModelReader::lineage() const {
  return impl_->record.lineage;
}

const std::vector<std::uint64_t>& ModelReader::lineage_datasets() const {
  return impl_->record.lineage_datasets;
}

const std::vector<std::uint64_t>& ModelReader::lineage_trained_on_all() const {
  return impl_->record.lineage_trained_on_all;
}

const std::vector<EpochLoss>& ModelReader::history() const {
  return impl_->history;
}

std::optional<Index> ModelReader::best_epoch() const {
  return impl_->best_epoch;
}

const std::optional<Fold>& ModelReader::trained_fold() const {
  return impl_->record.trained_fold;
}

TrainedOn ModelReader::trained_on() const {
  return impl_->record.trained_on;
}

std::optional<std::int64_t> ModelReader::last_training_seconds() const {
  return impl_->record.last_training_seconds;
}

const std::string& ModelReader::dataset_configuration() const {
  return impl_->record.dataset_configuration;
}

bool ModelReader::has_entry_counts() const {
  return impl_->has_entry_counts;
}

std::vector<Index> ModelReader::user_entries(RowRange rows) const {
  return agree_on(*impl_->comm, [&] { return impl_->read_entries("/users", rows); });
}

std::vector<Index> ModelReader::item_entries(RowRange rows) const {
  return agree_on(*impl_->comm, [&] { return impl_->read_entries("/items", rows); });
}

Index ModelReader::factors() const {
  return impl_->factors;
}

Index ModelReader::users() const {
  return impl_->record.users;
}

Index ModelReader::items() const {
  return impl_->record.items;
}

Matrix ModelReader::user_factors(RowRange rows) const {
  return agree_on(*impl_->comm, [&] { return impl_->read_factors("/users", rows); });
}

Matrix ModelReader::item_factors(RowRange rows) const {
  return agree_on(*impl_->comm, [&] { return impl_->read_factors("/items", rows); });
}

const std::optional<ModelFeatures>& ModelReader::user_features() const {
  return impl_->user_features;
}

const std::optional<ModelFeatures>& ModelReader::item_features() const {
  return impl_->item_features;
}

IdRows ModelReader::user_ids(RowRange rows) const {
  return agree_on(*impl_->comm, [&] { return read_ids(impl_->file, "/users/ids", rows); });
}

IdRows ModelReader::item_ids(RowRange rows) const {
  return agree_on(*impl_->comm, [&] { return read_ids(impl_->file, "/items/ids", rows); });
}

}  // namespace rankwise
