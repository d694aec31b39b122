#include "io/dataset/dataset_file.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "io/dataset/dataset_parts.hpp"
#include "io/dataset/id_file.hpp"
#include "io/dataset/merge_rules.hpp"
#include "io/dataset/provenance_attributes.hpp"
#include "io/dataset/split_attributes.hpp"
#include "io/hdf5/file_digests.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace {
/// Files whose log says which fold an interaction falls into do not say so.
FoldOrigin read_fold_origin(const Hdf5Reader& file) {
  if (!file.has_attribute("/", "folds-by")) return FoldOrigin::column;
  if (const auto origin = origin_of(file.read_text("/", "folds-by"))) return *origin;
  throw Error(ExitCode::bad_data, fmt::format("{}: its attribute folds-by is unknown, expected one of interactions, "
                                              "users, times, bands",
                                              file.path()));
}
}  // namespace

DatasetFile::DatasetFile(const std::string& path, InputCheck check)
    : file_(open_checked(path, check)), provenance_(read_provenance(file_, "dataset")) {
  if (!is_of_first_format()) rules_ = read_merge_rules(file_);
  fold_origin_ = read_fold_origin(file_);
  split_figures_ = read_split_figures(file_, SplitPart::heldout);
  validation_figures_ = read_split_figures(file_, SplitPart::validation);
  read_shapes();
  find_marks();
}

SparseShape DatasetFile::checked_shape(const char* name, Index rows, Index columns) const {
  const SparseShape shape = sparse_shape(file_, name);
  if (shape.rows != rows || shape.columns != columns) {
    throw Error(ExitCode::bad_data, fmt::format("{}: {} is {} x {}, expected {} x {} from the ids", path(), name,
                                                shape.rows, shape.columns, rows, columns));
  }
  return shape;
}

void DatasetFile::set_shape(DatasetPart part, Index rows, Index columns) {
  if (is_of_first_format() && !is_in_every_format(part)) return;
  shapes_[part] = checked_shape(group_name(part), rows, columns);
}

/// Both may be absent.
void DatasetFile::require_transpose(DatasetPart part, DatasetPart by_item) const {
  const auto& shape = shapes_[part];
  const auto& other = shapes_[by_item];
  if (!shape || !other || shape->entries == other->entries) return;
  throw Error(ExitCode::bad_data,
              fmt::format("{}: {} and its transpose differ in the number of entries", path(), group_name(part)));
}

void DatasetFile::read_shapes() {
  users_ = id_rows(file_, user_ids_name);
  items_ = id_rows(file_, item_ids_name);
  set_shape(DatasetPart::interactions, users_, items_);
  set_shape(DatasetPart::interactions_by_item, items_, users_);
  has_heldout_users_ = file_.has(heldout_user_ids_name);
  if (file_.has("/heldout")) read_heldout_shapes();
  if (file_.has("/validation")) read_validation_shapes();
  require_transpose(DatasetPart::interactions, DatasetPart::interactions_by_item);
  require_transpose(DatasetPart::heldout, DatasetPart::heldout_by_item);
  require_transpose(DatasetPart::given, DatasetPart::given_by_item);
  require_transpose(DatasetPart::repeated, DatasetPart::repeated_by_item);
  require_transpose(DatasetPart::validation, DatasetPart::validation_by_item);
  require_transpose(DatasetPart::validation_given, DatasetPart::validation_given_by_item);
  require_transpose(DatasetPart::validation_repeated, DatasetPart::validation_repeated_by_item);
  if (!is_of_first_format()) read_log_rows_shape();
  if (file_.has(orders_name)) orders_ = order_shape(file_, users_ + heldout_users_, items_);
}

void DatasetFile::read_heldout_shapes() {
  if (has_heldout_users_) {
    heldout_users_ = id_rows(file_, heldout_user_ids_name);
    set_shape(DatasetPart::given, heldout_users_, items_);
    set_shape(DatasetPart::given_by_item, items_, heldout_users_);
  }
  if (file_.has(group_name(DatasetPart::heldout))) {
    const Index rows = has_heldout_users_ ? heldout_users_ : users_;
    set_shape(DatasetPart::heldout, rows, items_);
    set_shape(DatasetPart::heldout_by_item, items_, rows);
  }
  if (file_.has(group_name(DatasetPart::repeated))) {
    set_shape(DatasetPart::repeated, users_, items_);
    set_shape(DatasetPart::repeated_by_item, items_, users_);
  }
}

void DatasetFile::read_validation_shapes() {
  set_shape(DatasetPart::validation, users_, items_);
  set_shape(DatasetPart::validation_by_item, items_, users_);
  if (file_.has(group_name(DatasetPart::validation_given))) {
    set_shape(DatasetPart::validation_given, users_, items_);
    set_shape(DatasetPart::validation_given_by_item, items_, users_);
  }
  if (file_.has(group_name(DatasetPart::validation_repeated))) {
    set_shape(DatasetPart::validation_repeated, users_, items_);
    set_shape(DatasetPart::validation_repeated_by_item, items_, users_);
  }
}

void DatasetFile::read_log_rows_shape() {
  const char* const name = log_rows_name(DatasetPart::interactions);
  const char* const name_by_item = log_rows_name(DatasetPart::interactions_by_item);
  if (!file_.has(name)) return;
  log_row_entries_ = checked_shape(name, users_, items_).entries;
  if (checked_shape(name_by_item, items_, users_).entries != *log_row_entries_) {
    throw Error(ExitCode::bad_data,
                fmt::format("{}: {} and its transpose differ in the number of entries", path(), name));
  }
  for (const char* const each : {name, name_by_item}) {
    if (has_mark(file_, each, EntryMark::time, *log_row_entries_)) continue;
    throw Error(ExitCode::bad_data, fmt::format("{}: {}/time is missing", path(), each));
  }
}

void DatasetFile::find_marks() {
  for (const DatasetPart part : all_dataset_parts) {
    const std::optional<SparseShape>& shape = shapes_[part];
    for (const EntryMark mark : {EntryMark::time, EntryMark::fold}) {
      if (!shape || !has_mark(file_, group_name(part), mark, shape->entries)) continue;
      marked_[static_cast<std::size_t>(mark)].push_back(part);
    }
  }
}

bool DatasetFile::has(DatasetPart part, EntryMark mark) const {
  return std::ranges::count(marked_[static_cast<std::size_t>(mark)], part) > 0;
}

const SparseShape& DatasetFile::required_shape(const PartShapes& shapes, DatasetPart part) const {
  const std::optional<SparseShape>& shape = shapes[part];
  if (shape) return *shape;
  const bool could_be_there = is_of_first_format() && !is_in_every_format(part);
  throw AgreedError(ExitCode::bad_data,
                    fmt::format("{}: {} is missing{}", path(), group_name(part),
                                could_be_there ? ", as in every file of format-version 1; run prepare again" : ""));
}

std::vector<Index> DatasetFile::offsets(DatasetPart part, RowRange rows) const {
  return read_sparse_offsets(file_, group_name(part), required_shape(shapes_, part), rows);
}

SparseRows DatasetFile::read(DatasetPart part, RowRange rows, std::span<const Index> without) const {
  return read_sparse(file_, group_name(part), required_shape(shapes_, part), rows, without);
}

std::vector<std::int64_t> DatasetFile::marks(DatasetPart part, EntryMark mark, RowRange rows) const {
  const std::vector<Index> ends = offsets(part, rows);
  return read_marks(file_, group_name(part), mark, {ends.front(), ends.back()});
}

LogRows DatasetFile::log_rows(DatasetPart part, RowRange rows) const {
  const bool by_item = part == DatasetPart::interactions_by_item;
  const SparseShape shape =
      by_item ? SparseShape{items_, users_, *log_row_entries_} : SparseShape{users_, items_, *log_row_entries_};
  return read_log_rows(file_, log_rows_name(part), shape, rows);
}

}  // namespace rankwise
