#include "io/model/item_model.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <string_view>

#include "distributed/rows/select_rows.hpp"
#include "io/dataset/id_file.hpp"
#include "io/dataset/provenance_attributes.hpp"
#include "io/hdf5/file_digests.hpp"
#include "io/hdf5/reader.hpp"
#include "io/hdf5/writer.hpp"
#include "io/sparse/sparse_file.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

constexpr std::array<std::string_view, 3> weighting_words{"one", "value", "log"};  // by EntryWeighting
constexpr const char* weights_name = "/items/neighbours";
constexpr const char* entries_name = "/items/entries";

[[noreturn]] void refuse(const Hdf5Reader& file, const std::string& reason) {
  throw Error(ExitCode::bad_data, fmt::format("{}: {}", file.path(), reason));
}

EntryWeighting read_weighting(const Hdf5Reader& file) {
  const auto word = std::ranges::find(weighting_words, file.read_text("/", "entry-weights"));
  if (word == weighting_words.end()) refuse(file, "attribute entry-weights is none of the known ones");
  return static_cast<EntryWeighting>(word - weighting_words.begin());
}

}  // namespace

void write_item_model(const Communicator& comm, const std::string& path, const ItemModel& model,
                      const Provenance& provenance, int deflate_level) {
  agree_on(comm, [&] {
    if (std::ssize(model.entries) == model.ids.rows.size() && model.weights.rows == model.ids.rows) return;
    throw Error(ExitCode::internal, "/items: weights or entries do not fit the ids");
  });
  const Index bytes = id_bytes(comm, model.ids) + model.ids.total_rows * static_cast<Index>(sizeof(Index)) +
                      sparse_bytes(comm, model.weights);
  Hdf5Writer file(comm, path, bytes, {.deflate_level = deflate_level});
  Provenance stamped = provenance;
  stamped.kind = item_model_kind;
  write_provenance(file, stamped);
  file.write_attribute("/", "users", std::int64_t{model.users});
  file.write_attribute("/", "entry-weights", weighting_words[static_cast<std::size_t>(model.weighting)]);
  write_training_part(file, model.trained_on, model.dataset_configuration, model.last_training_seconds);
  file.create_group("/items");
  write_ids(comm, file, "/items/ids", model.ids);
  file.write_rows(entries_name, model.ids.total_rows, model.ids.rows, std::span<const Index>(model.entries));
  mark_array(file, entries_name, "array");
  write_sparse(comm, file, weights_name, model.weights, SparseOrder::by_column);
  file.commit();
}

struct ItemModelReader::Impl {
  const Communicator* comm;
  Hdf5Reader file;
  TrainingRecord record = {};
  EntryWeighting weighting = EntryWeighting::one;
  SparseShape shape = {};

  [[nodiscard]] static Impl open(const Communicator& comm, const std::string& path, InputCheck check);
  [[nodiscard]] std::vector<Index> read_entries(RowRange rows) const;
  [[nodiscard]] SparseRows read_weights(RowRange items) const;
};

ItemModelReader::Impl ItemModelReader::Impl::open(const Communicator& comm, const std::string& path, InputCheck check) {
  Impl opened{.comm = &comm, .file = open_checked(path, check)};
  const Hdf5Reader& file = opened.file;
  opened.record = read_training_record(file, item_model_kind);
  opened.weighting = read_weighting(file);
  opened.shape = sparse_shape(file, weights_name, SparseOrder::by_column);
  opened.record.users = file.read_integer("/", "users");
  opened.record.items = opened.shape.rows;
  if (opened.record.users < 0)
    refuse(file, fmt::format("attribute users is {}, expected a count", opened.record.users));
  if (opened.shape.rows != opened.shape.columns) {
    refuse(file, fmt::format("{} is {} x {}, expected as many rows as columns", weights_name, opened.shape.columns,
                             opened.shape.rows));
  }
  if (id_rows(file, "/items/ids") != opened.record.items ||
      file.shape(entries_name, Hdf5Kind::integer, 1).rows() != opened.record.items) {
    refuse(file, "/items: ids, entries and neighbours differ in length");
  }
  return opened;
}

std::vector<Index> ItemModelReader::Impl::read_entries(RowRange rows) const {
  std::vector<Index> entries = file.read_rows<Index>(entries_name, rows);
  const auto negative = std::ranges::find_if(entries, [](Index count) { return count < 0; });
  if (negative != entries.end()) {
    refuse(file, fmt::format("{}: row {} is {}, expected a count", entries_name,
                             rows.begin + (negative - entries.begin()), *negative));
  }
  return entries;
}

SparseRows ItemModelReader::Impl::read_weights(RowRange items) const {
  SparseRows read = read_sparse(file, weights_name, shape, items);
  for (Index row = 0; row < items.size(); ++row) {
    if (std::ranges::binary_search(row_columns(read, row), items.begin + row))
      refuse(file, fmt::format("{}: item row {} speaks for itself", weights_name, items.begin + row));
  }
  return read;
}

ItemModelReader::ItemModelReader(const Communicator& comm, const std::string& path, InputCheck check)
    : impl_(agree_on(comm, [&] { return std::make_unique<Impl>(Impl::open(comm, path, check)); })) {
  agree_on_version(comm, path, impl_->file.version());
}
ItemModelReader::~ItemModelReader() = default;
ItemModelReader::ItemModelReader(ItemModelReader&&) noexcept = default;
ItemModelReader& ItemModelReader::operator=(ItemModelReader&&) noexcept = default;

bool ItemModelReader::compares() const {
  return impl_->file.compares();
}

const TrainingRecord& ItemModelReader::record() const {
  return impl_->record;
}

EntryWeighting ItemModelReader::weighting() const {
  return impl_->weighting;
}

Index ItemModelReader::items() const {
  return impl_->record.items;
}

Index ItemModelReader::weights() const {
  return impl_->shape.entries;
}

IdRows ItemModelReader::item_ids(RowRange rows) const {
  return agree_on(*impl_->comm, [&] { return read_ids(impl_->file, "/items/ids", rows); });
}

std::vector<Index> ItemModelReader::item_entries(RowRange rows) const {
  return agree_on(*impl_->comm, [&] { return impl_->read_entries(rows); });
}

std::vector<Index> ItemModelReader::weight_counts(RowRange items) const {
  return agree_on(*impl_->comm, [&] {
    const std::vector<Index> offsets = read_sparse_offsets(impl_->file, weights_name, impl_->shape, items);
    std::vector<Index> counts;
    for (std::size_t i = 0; i + 1 < offsets.size(); ++i) counts.push_back(offsets[i + 1] - offsets[i]);
    return counts;
  });
}

SparseRows ItemModelReader::item_weights(RowRange items) const {
  return agree_on(*impl_->comm, [&] { return impl_->read_weights(items); });
}

bool is_item_model(const Communicator& comm, const std::string& path) {
  return agree_on(comm, [&] {
    const Hdf5Reader file(path);
    return file.has_attribute("/", "kind") && file.read_text("/", "kind") == item_model_kind;
  });
}

}  // namespace rankwise
