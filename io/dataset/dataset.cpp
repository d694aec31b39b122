#include "io/dataset/dataset.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <initializer_list>
#include <iterator>

#include "distributed/rows/select_rows.hpp"
#include "io/dataset/dataset_file.hpp"
#include "io/dataset/dataset_parts.hpp"
#include "io/dataset/folded_view.hpp"
#include "io/dataset/id_file.hpp"
#include "io/dataset/joined_view.hpp"
#include "io/dataset/remembered_rows.hpp"
#include "io/dataset/split_attributes.hpp"
#include "io/hdf5/file_digests.hpp"
#include "io/sparse/sparse_file.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

/// Appends a part of the only row of `row`.
void append_part(const SparseRows& row, const SharedPart& part, SparseRows& parts) {
  const auto [begin, end] = part.entries;
  parts.columns.insert(parts.columns.end(), row.columns.begin() + begin, row.columns.begin() + end);
  parts.values.insert(parts.values.end(), row.values.begin() + begin, row.values.begin() + end);
  parts.offsets.push_back(static_cast<Index>(parts.columns.size()));
}

}  // namespace

std::optional<std::int64_t> last_trained_seconds(const LogTimes& times, TrainedOn trained_on) {
  const bool stops_before = trained_on != TrainedOn::all && times.last_training_seconds;
  return stops_before ? times.last_training_seconds : times.last_seconds;
}

/// The file, or one of the views of it.
struct DatasetReader::Impl {
  Impl(const Communicator& communicator, const std::string& path, InputCheck check)
      : comm(&communicator), file(path, check) {}

  const Communicator* comm;
  DatasetFile file;
  std::optional<FoldedView> folded = {};
  std::optional<JoinedView> joined = {};
  std::unique_ptr<RememberedRows> remembered = {};

  [[nodiscard]] bool is_view() const { return folded || joined; }
  [[nodiscard]] const PartShapes& shapes() const {
    return folded ? folded->shapes() : joined ? joined->shapes() : file.shapes();
  }
  [[nodiscard]] const SparseShape& shape(DatasetPart part) const { return file.required_shape(shapes(), part); }
  [[nodiscard]] SparseRows read_view(DatasetPart part, RowRange rows) const {
    return folded ? folded->read(part, rows) : joined->read(part, rows);
  }
  [[nodiscard]] SparseRows read(DatasetPart part, RowRange rows, std::span<const Index> without) const;
};

SparseRows DatasetReader::Impl::read(DatasetPart part, RowRange rows, std::span<const Index> without) const {
  const auto from_file = [&] {
    return is_view() ? without_entries(read_view(part, rows), without) : file.read(part, rows, without);
  };
  return remembered ? remembered->rows(part, rows, without, from_file) : from_file();
}

DatasetReader::DatasetReader(const Communicator& comm, const std::string& path, const std::optional<Fold>& fold,
                             TrainedOn trained_on, InputCheck check)
    : impl_(agree_on(comm, [&] { return std::make_unique<Impl>(comm, path, check); })) {
  agree_on_version(comm, path, impl_->file.hdf5().version());
  if (fold && trained_on != TrainedOn::training)
    throw AgreedError(ExitCode::usage, "--fold needs --train-on training: with more nothing is left to validate");
  if (fold) impl_->folded.emplace(comm, impl_->file, *fold);
  if (trained_on != TrainedOn::training) impl_->joined.emplace(comm, impl_->file, trained_on);
}
DatasetReader::~DatasetReader() = default;
DatasetReader::DatasetReader(DatasetReader&&) noexcept = default;
DatasetReader& DatasetReader::operator=(DatasetReader&&) noexcept = default;

bool DatasetReader::compares() const {
  return impl_->file.hdf5().compares();
}

Index DatasetReader::users() const {
  return impl_->joined && impl_->joined->parts() == TrainedOn::all ? all_users() : training_users();
}

Index DatasetReader::training_users() const {
  return impl_->file.users();
}

Index DatasetReader::all_users() const {
  return impl_->file.users() + impl_->file.heldout_users();
}

Index DatasetReader::items() const {
  return impl_->file.items();
}

bool DatasetReader::has(DatasetPart part) const {
  return impl_->shapes()[part].has_value();
}

Index DatasetReader::rows(DatasetPart part) const {
  return impl_->shape(part).rows;
}

Index DatasetReader::columns(DatasetPart part) const {
  return impl_->shape(part).columns;
}

Index DatasetReader::entries(DatasetPart part) const {
  return impl_->shape(part).entries;
}

const Provenance& DatasetReader::provenance() const {
  return impl_->file.provenance();
}

LogTimes DatasetReader::log_times() const {
  return agree_on(*impl_->comm, [&] {
    const Hdf5Reader& file = impl_->file.hdf5();
    const auto seconds = [&](const char* name) -> std::optional<std::int64_t> {
      if (!file.has_attribute("/", name)) return std::nullopt;
      return file.read_integer("/", name);
    };
    return LogTimes{seconds("log-first-time"), seconds("log-last-time"), seconds("last-training-time")};
  });
}

std::optional<PseudonymMark> DatasetReader::pseudonyms() const {
  return agree_on(*impl_->comm, [&]() -> std::optional<PseudonymMark> {
    const Hdf5Reader& file = impl_->file.hdf5();
    if (!file.has_attribute("/", pseudonyms_name)) return std::nullopt;
    return PseudonymMark{file.read_text("/", pseudonyms_name), file.read_text("/", pseudonym_key_id_name)};
  });
}

std::vector<Index> DatasetReader::row_sizes(DatasetPart part, RowRange rows) const {
  static_cast<void>(impl_->shape(part));
  return agree_on(*impl_->comm, [&] {
    if (impl_->joined && !impl_->remembered) return impl_->joined->row_sizes(part, rows);
    std::vector<Index> sizes = impl_->remembered ? impl_->read(part, rows, {}).offsets
                               : impl_->folded   ? impl_->folded->offsets(part, rows)
                                                 : impl_->file.offsets(part, rows);
    for (std::size_t r = 0; r + 1 < sizes.size(); ++r) sizes[r] = sizes[r + 1] - sizes[r];
    sizes.pop_back();
    return sizes;
  });
}

bool DatasetReader::has(DatasetPart part, EntryMark mark) const {
  return impl_->file.has(part, mark);
}

std::vector<std::int64_t> DatasetReader::marks(DatasetPart part, EntryMark mark, RowRange rows) const {
  static_cast<void>(impl_->shape(part));
  return agree_on(*impl_->comm, [&] { return impl_->file.marks(part, mark, rows); });
}

const MergeRules& DatasetReader::rules() const {
  return impl_->file.rules();
}

bool DatasetReader::has_log_rows() const {
  return impl_->file.has_log_rows();
}

LogRows DatasetReader::log_rows(DatasetPart part, RowRange rows) const {
  return agree_on(*impl_->comm, [&] { return impl_->file.log_rows(part, rows); });
}

bool DatasetReader::has_orders() const {
  return impl_->file.orders().has_value();
}

Index DatasetReader::order_count() const {
  return has_orders() ? impl_->file.orders()->lines.rows : 0;
}

Orders DatasetReader::orders(RowRange users) const {
  return agree_on(*impl_->comm, [&] {
    const std::optional<OrderShape>& shape = impl_->file.orders();
    if (!shape) {
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: has no orders; run prepare with --columns ...,order=NAME or --orders day",
                              impl_->file.path()));
    }
    return read_orders(impl_->file.hdf5(), *shape, users);
  });
}

std::vector<Index> DatasetReader::fold_numbers() const {
  return rankwise::fold_numbers(*impl_->comm, impl_->file);
}

SparseRows DatasetReader::read(DatasetPart part, RowRange rows, std::span<const Index> without) const {
  static_cast<void>(impl_->shape(part));
  return agree_on(*impl_->comm, [&] { return impl_->read(part, rows, without); });
}

const std::optional<SplitFigures>& DatasetReader::split_figures() const {
  return impl_->file.split_figures();
}

const std::optional<SplitFigures>& DatasetReader::validation_figures() const {
  return impl_->file.validation_figures();
}

std::vector<DatasetFigure> DatasetReader::figures() const {
  return agree_on(*impl_->comm, [&] {
    const Hdf5Reader& file = impl_->file.hdf5();
    std::vector<DatasetFigure> figures;
    const auto add_integers = [&](std::initializer_list<const char*> names) {
      for (const char* name : names) {
        if (file.has_attribute("/", name)) figures.push_back({name, file.read_integer("/", name)});
      }
    };
    const auto add_split = [&](SplitPart part, const std::optional<SplitFigures>& split) {
      if (split) std::ranges::copy(split_attributes(part, *split), std::back_inserter(figures));
    };
    add_integers({"log-first-time", "log-last-time", "orders", "last-training-time", "repeated-pairs"});
    add_split(SplitPart::heldout, split_figures());
    add_integers({"validation-last-training-time", "validation-repeated-pairs"});
    add_split(SplitPart::validation, validation_figures());
    return figures;
  });
}

SparseRows DatasetReader::read_known(RowRange rows) const {
  if (impl_->is_view() || !impl_->file.has_validation()) return read(DatasetPart::interactions, rows);
  return agree_on(*impl_->comm, [&] { return read_with_validation(impl_->file, DatasetPart::interactions, rows); });
}

void DatasetReader::remember_rows() {
  impl_->remembered = std::make_unique<RememberedRows>();
}

SparseRows DatasetReader::read_parts(DatasetPart part, std::span<const SharedPart> parts) const {
  const SparseShape& shape = impl_->shape(part);
  return agree_on(*impl_->comm, [&] {
    if (!impl_->is_view()) return read_sparse_parts(impl_->file.hdf5(), group_name(part), shape, parts);
    SparseRows rows{.rows = {0, static_cast<Index>(parts.size())},
                    .total_rows = static_cast<Index>(parts.size()),
                    .column_count = shape.columns,
                    .columns = {},
                    .values = {}};
    for (const SharedPart& wanted : parts)
      append_part(impl_->read_view(part, {wanted.row, wanted.row + 1}), wanted, rows);
    return rows;
  });
}

IdRows DatasetReader::user_ids(RowRange rows) const {
  return agree_on(*impl_->comm, [&] {
    const Hdf5Reader& file = impl_->file.hdf5();
    const Index old = training_users();
    if (users() == old) return read_ids(file, user_ids_name, rows);
    IdRows ids = read_ids(file, user_ids_name, {std::min(rows.begin, old), std::min(rows.end, old)});
    const RowRange new_rows{std::max(rows.begin, old) - old, std::max(rows.end, old) - old};
    append_ids(ids.ids, read_ids(file, heldout_user_ids_name, new_rows).ids);
    ids.rows = rows;
    ids.total_rows = users();
    return ids;
  });
}

IdRows DatasetReader::item_ids(RowRange rows) const {
  return agree_on(*impl_->comm, [&] { return read_ids(impl_->file.hdf5(), item_ids_name, rows); });
}

IdRows DatasetReader::heldout_user_ids(RowRange rows) const {
  return agree_on(*impl_->comm, [&] { return read_ids(impl_->file.hdf5(), heldout_user_ids_name, rows); });
}

}  // namespace rankwise
