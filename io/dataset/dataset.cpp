#include "io/dataset/dataset.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <numeric>

#include "distributed/log/content_digest.hpp"
#include "distributed/log/fold_division.hpp"
#include "distributed/log/folded_rows.hpp"
#include "distributed/log/joined_rows.hpp"
#include "distributed/rows/partition.hpp"
#include "io/dataset/entry_marks.hpp"
#include "io/dataset/id_file.hpp"
#include "io/dataset/merge_rules.hpp"
#include "io/dataset/provenance_attributes.hpp"
#include "io/dataset/remembered_rows.hpp"
#include "io/dataset/sparse_file.hpp"
#include "io/hdf5/file_digests.hpp"
#include "io/hdf5/reader.hpp"
#include "io/hdf5/writer.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

const std::string user_ids_name = "/users/ids";
const std::string item_ids_name = "/items/ids";
const std::string heldout_user_ids_name = "/heldout/users/ids";

/// What format-version 1 has, too.
bool is_in_every_format(DatasetPart part) {
  return part == DatasetPart::interactions || part == DatasetPart::interactions_by_item ||
         part == DatasetPart::heldout || part == DatasetPart::given;
}

/// The rows, those in `without` (ascending) as if they had no entries.
SparseRows without_entries(SparseRows rows, std::span<const Index> without) {
  if (without.empty()) return rows;
  SparseRows rest{
      .rows = rows.rows, .total_rows = rows.total_rows, .column_count = rows.column_count, .columns = {}, .values = {}};
  auto next = without.begin();
  for (Index r = 0; r < rows.rows.size(); ++r) {
    const Index begin = rows.offsets[static_cast<std::size_t>(r)];
    const Index end = rows.offsets[static_cast<std::size_t>(r) + 1];
    const bool is_dropped = next != without.end() && *next == rows.rows.begin + r;
    if (is_dropped) {
      ++next;
    } else {
      rest.columns.insert(rest.columns.end(), rows.columns.begin() + begin, rows.columns.begin() + end);
      rest.values.insert(rest.values.end(), rows.values.begin() + begin, rows.values.begin() + end);
    }
    rest.offsets.push_back(static_cast<Index>(rest.columns.size()));
  }
  return rest;
}

/// Appends a part of the only row of `row`.
void append_part(const SparseRows& row, const SharedPart& part, SparseRows& parts) {
  const auto [begin, end] = part.entries;
  parts.columns.insert(parts.columns.end(), row.columns.begin() + begin, row.columns.begin() + end);
  parts.values.insert(parts.values.end(), row.values.begin() + begin, row.values.begin() + end);
  parts.offsets.push_back(static_cast<Index>(parts.columns.size()));
}

}  // namespace

const char* group_name(DatasetPart part) {
  switch (part) {
    case DatasetPart::interactions:
      return "/interactions";
    case DatasetPart::interactions_by_item:
      return "/interactions_by_item";
    case DatasetPart::heldout:
      return "/heldout/interactions";
    case DatasetPart::heldout_by_item:
      return "/heldout/interactions_by_item";
    case DatasetPart::given:
      return "/heldout/given";
    case DatasetPart::given_by_item:
      return "/heldout/given_by_item";
    case DatasetPart::repeated:
      return "/heldout/repeated";
    case DatasetPart::repeated_by_item:
      return "/heldout/repeated_by_item";
  }
  return "";
}

const char* log_rows_name(DatasetPart part) {
  return part == DatasetPart::interactions_by_item ? "/log_rows_by_item" : "/log_rows";
}

void write_dataset(const Communicator& comm, const std::string& path, const Dataset& dataset,
                   const Provenance& provenance, int deflate_level) {
  // 1. How large it becomes.
  const auto bytes_of = [&](const auto& sides) {
    return sides ? sparse_bytes(comm, sides->by_user) + sparse_bytes(comm, sides->by_item) : Index{0};
  };
  Index bytes = id_bytes(comm, dataset.users) + id_bytes(comm, dataset.items) +
                sparse_bytes(comm, dataset.interactions) + sparse_bytes(comm, dataset.interactions_by_item) +
                bytes_of(dataset.heldout) + bytes_of(dataset.repeated) + bytes_of(dataset.log_rows);
  if (dataset.heldout_users) {
    bytes += id_bytes(comm, dataset.heldout_users->ids) + sparse_bytes(comm, dataset.heldout_users->given) +
             sparse_bytes(comm, dataset.heldout_users->given_by_item);
  }

  // 2. Where it comes from.
  Hdf5Writer file(comm, path, bytes, {.deflate_level = deflate_level});
  Provenance stamped = provenance;
  stamped.kind = "dataset";
  stamped.dataset_digest = content_digest(comm, dataset);
  write_provenance(file, stamped);
  write_merge_rules(file, dataset.rules);
  for (const DatasetFigure& figure : dataset.figures) {
    std::visit([&](auto value) { file.write_attribute("/", figure.name, value); }, figure.value);
  }

  // 3. Ids and matrices.
  const auto write_matrix = [&](DatasetPart part, const SparseRows& matrix) {
    write_sparse(comm, file, group_name(part), matrix);
  };
  file.create_group("/users");
  write_ids(comm, file, user_ids_name, dataset.users);
  file.create_group("/items");
  write_ids(comm, file, item_ids_name, dataset.items);
  write_matrix(DatasetPart::interactions, dataset.interactions);
  write_matrix(DatasetPart::interactions_by_item, dataset.interactions_by_item);
  if (dataset.log_rows) {
    write_sparse(comm, file, log_rows_name(DatasetPart::interactions), dataset.log_rows->by_user);
    write_sparse(comm, file, log_rows_name(DatasetPart::interactions_by_item), dataset.log_rows->by_item);
  }
  if (dataset.heldout || dataset.heldout_users) file.create_group("/heldout");
  if (dataset.heldout) {
    write_matrix(DatasetPart::heldout, dataset.heldout->by_user);
    write_matrix(DatasetPart::heldout_by_item, dataset.heldout->by_item);
  }
  if (dataset.heldout_users) {
    file.create_group("/heldout/users");
    write_ids(comm, file, heldout_user_ids_name, dataset.heldout_users->ids);
    write_matrix(DatasetPart::given, dataset.heldout_users->given);
    write_matrix(DatasetPart::given_by_item, dataset.heldout_users->given_by_item);
  }
  if (dataset.repeated) {
    write_matrix(DatasetPart::repeated, dataset.repeated->by_user);
    write_matrix(DatasetPart::repeated_by_item, dataset.repeated->by_item);
  }
  file.commit();
}

struct DatasetReader::Impl {
  const Communicator* comm;
  Hdf5Reader file;
  Provenance provenance;
  MergeRules rules = {};
  Index users = 0;
  Index items = 0;
  Index heldout_users = 0;
  using Shapes = std::array<std::optional<SparseShape>, all_dataset_parts.size()>;  // by DatasetPart
  Shapes shapes;                                                                    // with the fold, or of the join
  std::array<std::vector<DatasetPart>, 2> marked;  // by EntryMark: which matrices of the file have it
  std::optional<Index> log_row_entries = {};       // of each side, if the file has log rows
  std::optional<FoldDivision> division;
  TrainedOn trained_on = TrainedOn::training;
  Shapes joined_shapes = {};                   // of the file, with TrainedOn::all
  std::unique_ptr<RememberedRows> remembered;  // where they are
  SparseShape file_shape = {};                 // of /interactions, if there is a fold

  [[nodiscard]] static Impl open(const Communicator& comm, const std::string& path, InputCheck check);
  [[nodiscard]] bool is_of_first_format() const { return provenance.format_version == 1; }
  void read_shapes();
  void read_heldout_shapes();
  void read_log_rows_shape();
  [[nodiscard]] SparseShape checked_shape(const char* name, Index rows, Index columns) const;
  void set_shape(DatasetPart part, Index rows, Index columns);
  void require_transpose(DatasetPart part, DatasetPart by_item) const;
  [[nodiscard]] LogRows log_rows(DatasetPart part, RowRange rows) const;
  void find_marks();
  [[nodiscard]] std::vector<std::int64_t> times_of_units(RowRange rows) const;
  void divide(const Fold& by);
  [[nodiscard]] std::vector<std::int64_t> read_marks_of(DatasetPart part, const SparseShape& in_file, EntryMark mark,
                                                        RowRange rows) const;
  [[nodiscard]] std::vector<Index> fold_numbers() const;
  [[nodiscard]] SparseRows read_folded(DatasetPart part, RowRange rows) const;
  void join_parts();
  [[nodiscard]] bool is_view() const { return division || trained_on == TrainedOn::all; }
  [[nodiscard]] std::vector<DatasetPart> joined_parts(DatasetPart part, bool of_new_users) const;
  [[nodiscard]] std::optional<DatasetPart> overriding_part(DatasetPart part, bool of_new_users) const;
  template <class Visit>
  void for_each_kind(DatasetPart part, RowRange rows, const Visit& visit) const;
  [[nodiscard]] std::vector<Index> joined_row_sizes(DatasetPart part, RowRange rows) const;
  [[nodiscard]] SparseRows read_joined_piece(DatasetPart part, RowRange rows, bool of_new_users) const;
  [[nodiscard]] SparseRows read_joined(DatasetPart part, RowRange rows) const;
  [[nodiscard]] SparseRows read_view(DatasetPart part, RowRange rows) const;
  [[nodiscard]] SparseRows read(DatasetPart part, RowRange rows, std::span<const Index> without) const;
  [[nodiscard]] bool has(DatasetPart part, EntryMark mark) const;
  void require_marks(const Fold& by) const;
  void require_both(Index trained, Index validated) const;
  [[nodiscard]] const SparseShape& shape(DatasetPart part) const;
  [[nodiscard]] const SparseShape& shape_in(const Shapes& some, DatasetPart part) const;
};

DatasetReader::Impl DatasetReader::Impl::open(const Communicator& comm, const std::string& path, InputCheck check) {
  Impl opened{.comm = &comm,
              .file = open_checked(path, check),
              .provenance = {},
              .shapes = {},
              .marked = {},
              .division = {},
              .remembered = {}};
  opened.provenance = read_provenance(opened.file, "dataset");
  if (!opened.is_of_first_format()) opened.rules = read_merge_rules(opened.file);
  opened.read_shapes();
  opened.find_marks();
  return opened;
}

SparseShape DatasetReader::Impl::checked_shape(const char* name, Index rows, Index columns) const {
  const SparseShape shape = sparse_shape(file, name);
  if (shape.rows != rows || shape.columns != columns) {
    throw Error(ExitCode::bad_data, fmt::format("{}: {} is {} x {}, expected {} x {} from the ids", file.path(), name,
                                                shape.rows, shape.columns, rows, columns));
  }
  return shape;
}

void DatasetReader::Impl::set_shape(DatasetPart part, Index rows, Index columns) {
  if (is_of_first_format() && !is_in_every_format(part)) return;
  shapes[static_cast<std::size_t>(part)] = checked_shape(group_name(part), rows, columns);
}

/// Both may be absent.
void DatasetReader::Impl::require_transpose(DatasetPart part, DatasetPart by_item) const {
  const auto& shape = shapes[static_cast<std::size_t>(part)];
  const auto& other = shapes[static_cast<std::size_t>(by_item)];
  if (!shape || !other || shape->entries == other->entries) return;
  throw Error(ExitCode::bad_data,
              fmt::format("{}: {} and its transpose differ in the number of entries", file.path(), group_name(part)));
}

void DatasetReader::Impl::read_shapes() {
  users = id_rows(file, user_ids_name);
  items = id_rows(file, item_ids_name);
  set_shape(DatasetPart::interactions, users, items);
  set_shape(DatasetPart::interactions_by_item, items, users);
  if (file.has("/heldout")) read_heldout_shapes();
  require_transpose(DatasetPart::interactions, DatasetPart::interactions_by_item);
  require_transpose(DatasetPart::heldout, DatasetPart::heldout_by_item);
  require_transpose(DatasetPart::given, DatasetPart::given_by_item);
  require_transpose(DatasetPart::repeated, DatasetPart::repeated_by_item);
  if (!is_of_first_format()) read_log_rows_shape();
}

void DatasetReader::Impl::read_heldout_shapes() {
  const bool whole_users = file.has(heldout_user_ids_name);
  if (whole_users) {
    heldout_users = id_rows(file, heldout_user_ids_name);
    set_shape(DatasetPart::given, heldout_users, items);
    set_shape(DatasetPart::given_by_item, items, heldout_users);
  }
  if (file.has(group_name(DatasetPart::heldout))) {
    const Index rows = whole_users ? heldout_users : users;
    set_shape(DatasetPart::heldout, rows, items);
    set_shape(DatasetPart::heldout_by_item, items, rows);
  }
  if (file.has(group_name(DatasetPart::repeated))) {
    set_shape(DatasetPart::repeated, users, items);
    set_shape(DatasetPart::repeated_by_item, items, users);
  }
}

void DatasetReader::Impl::read_log_rows_shape() {
  const char* const name = log_rows_name(DatasetPart::interactions);
  const char* const name_by_item = log_rows_name(DatasetPart::interactions_by_item);
  if (!file.has(name)) return;
  log_row_entries = checked_shape(name, users, items).entries;
  if (checked_shape(name_by_item, items, users).entries != *log_row_entries) {
    throw Error(ExitCode::bad_data,
                fmt::format("{}: {} and its transpose differ in the number of entries", file.path(), name));
  }
  for (const char* const each : {name, name_by_item}) {
    if (has_mark(file, each, EntryMark::time, *log_row_entries)) continue;
    throw Error(ExitCode::bad_data, fmt::format("{}: {}/time is missing", file.path(), each));
  }
}

LogRows DatasetReader::Impl::log_rows(DatasetPart part, RowRange rows) const {
  const bool by_item = part == DatasetPart::interactions_by_item;
  const SparseShape shape =
      by_item ? SparseShape{items, users, *log_row_entries} : SparseShape{users, items, *log_row_entries};
  return read_log_rows(file, log_rows_name(part), shape, rows);
}

void DatasetReader::Impl::find_marks() {
  for (const DatasetPart part : all_dataset_parts) {
    const std::optional<SparseShape>& shape = shapes[static_cast<std::size_t>(part)];
    for (const EntryMark mark : {EntryMark::time, EntryMark::fold}) {
      if (!shape || !has_mark(file, group_name(part), mark, shape->entries)) continue;
      marked[static_cast<std::size_t>(mark)].push_back(part);
    }
  }
}

const SparseShape& DatasetReader::Impl::shape(DatasetPart part) const {
  return shape_in(shapes, part);
}

const SparseShape& DatasetReader::Impl::shape_in(const Shapes& some, DatasetPart part) const {
  const std::optional<SparseShape>& shape = some[static_cast<std::size_t>(part)];
  if (shape) return *shape;
  const bool could_be_there = is_of_first_format() && !is_in_every_format(part);
  throw AgreedError(ExitCode::bad_data,
                    fmt::format("{}: {} is missing{}", file.path(), group_name(part),
                                could_be_there ? ", as in every file of format-version 1; run prepare again" : ""));
}

/// The rows of the file that the part is taken from, without what the fold has elsewhere.
SparseRows DatasetReader::Impl::read_folded(DatasetPart part, RowRange rows) const {
  const bool by_item = part == DatasetPart::interactions_by_item;
  const SparseShape in_file = by_item ? SparseShape{items, users, file_shape.entries} : file_shape;
  const DatasetPart source = by_item ? part : DatasetPart::interactions;
  SparseRows read = read_sparse(file, group_name(source), in_file, rows);
  const auto mark = deciding_mark(division->fold.kind);
  if (!mark) return keep_part(*division, part, read, {});
  std::vector<std::int64_t> marks = read_marks_of(source, in_file, *mark, rows);
  if (!log_row_entries || division->fold.kind != FoldKind::temporal) return keep_part(*division, part, read, marks);
  read.times_seconds = std::move(marks);
  return merge_part(*division, part, read, log_rows(source, rows), rules);
}

/// From here on the two sides of the training part are those of all parts together. Collective.
void DatasetReader::Impl::join_parts() {
  trained_on = TrainedOn::all;
  std::swap(joined_shapes, shapes);
  const RowRange share = Partition::by_count(users + heldout_users, comm->size()).range(comm->rank());
  const std::vector<Index> sizes = agree_on(*comm, [&] { return joined_row_sizes(DatasetPart::interactions, share); });
  const Index entries = comm->sum(std::accumulate(sizes.begin(), sizes.end(), Index{0}));
  const auto set = [&](DatasetPart part, SparseShape shape) { shapes[static_cast<std::size_t>(part)] = shape; };
  set(DatasetPart::interactions, {users + heldout_users, items, entries});
  set(DatasetPart::interactions_by_item, {items, users + heldout_users, entries});
}

/// The parts of the file whose rows together are rows of a side: of the users that were held out whole, or of others
/// and of items.
std::vector<DatasetPart> DatasetReader::Impl::joined_parts(DatasetPart part, bool of_new_users) const {
  const bool by_item = part == DatasetPart::interactions_by_item;
  std::vector<DatasetPart> parts;
  if (!of_new_users) parts.push_back(part);
  if (joined_shapes[static_cast<std::size_t>(DatasetPart::given)] && (of_new_users || by_item)) {
    parts.push_back(by_item ? DatasetPart::given_by_item : DatasetPart::given);
  }
  const bool has_heldout = joined_shapes[static_cast<std::size_t>(DatasetPart::heldout)].has_value();
  const bool are_of_new_users = file.has(heldout_user_ids_name);
  if (has_heldout && (by_item || of_new_users == are_of_new_users)) {
    parts.push_back(by_item ? DatasetPart::heldout_by_item : DatasetPart::heldout);
  }
  return parts;
}

/// The part whose values replace those of others.
std::optional<DatasetPart> DatasetReader::Impl::overriding_part(DatasetPart part, bool of_new_users) const {
  if (of_new_users || !joined_shapes[static_cast<std::size_t>(DatasetPart::repeated)]) return std::nullopt;
  return part == DatasetPart::interactions_by_item ? DatasetPart::repeated_by_item : DatasetPart::repeated;
}

/// Calls visit(rows of the part, whether they are of users that were held out whole) for the two kinds of `rows`.
template <class Visit>
void DatasetReader::Impl::for_each_kind(DatasetPart part, RowRange rows, const Visit& visit) const {
  if (part == DatasetPart::interactions_by_item) return visit(rows, false);
  visit({std::min(rows.begin, users), std::min(rows.end, users)}, false);
  visit({std::max(rows.begin, users) - users, std::max(rows.end, users) - users}, true);
}

std::vector<Index> DatasetReader::Impl::joined_row_sizes(DatasetPart part, RowRange rows) const {
  std::vector<Index> sizes;
  // Repeated pairs are in two parts unless they left the held-out one; in all they may be no interaction.
  if (overriding_part(part, false) && (rules.repeats == Repeats::keep || rules.min_total)) {
    const std::vector<Index> offsets = read_joined(part, rows).offsets;
    for (std::size_t r = 0; r + 1 < offsets.size(); ++r) sizes.push_back(offsets[r + 1] - offsets[r]);
    return sizes;
  }
  for_each_kind(part, rows, [&](RowRange some, bool of_new_users) {
    const std::size_t first = sizes.size();
    sizes.resize(first + static_cast<std::size_t>(some.size()));
    for (const DatasetPart each : joined_parts(part, of_new_users)) {
      const std::vector<Index> offsets =
          read_sparse_offsets(file, group_name(each), shape_in(joined_shapes, each), some);
      for (std::size_t r = 0; r + 1 < offsets.size(); ++r) sizes[first + r] += offsets[r + 1] - offsets[r];
    }
  });
  return sizes;
}

SparseRows DatasetReader::Impl::read_joined_piece(DatasetPart part, RowRange rows, bool of_new_users) const {
  const auto read_part = [&](DatasetPart each) {
    return read_sparse(file, group_name(each), shape_in(joined_shapes, each), rows);
  };
  std::vector<JoinedPart> parts;
  for (const DatasetPart each : joined_parts(part, of_new_users)) {
    const bool has_new_users = part == DatasetPart::interactions_by_item && each != part && heldout_users > 0;
    parts.push_back({read_part(each), has_new_users ? users : 0});
  }
  const auto overriding = overriding_part(part, of_new_users);
  try {
    return join_rows(parts, overriding ? std::optional(read_part(*overriding)) : std::nullopt, rules);
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("{}: {}", file.path(), error.what()));
  }
}

/// Some rows at a time, because parts and what becomes of them are in memory together.
SparseRows DatasetReader::Impl::read_joined(DatasetPart part, RowRange rows) const {
  constexpr Index rows_at_once = 1 << 14;
  SparseRows joined{.rows = rows,
                    .total_rows = part == DatasetPart::interactions ? users + heldout_users : items,
                    .column_count = part == DatasetPart::interactions ? items : users + heldout_users,
                    .columns = {},
                    .values = {}};
  for_each_kind(part, rows, [&](RowRange some, bool of_new_users) {
    for (Index begin = some.begin; begin < some.end; begin += rows_at_once) {
      append_rows(joined, read_joined_piece(part, {begin, std::min(begin + rows_at_once, some.end)}, of_new_users));
    }
  });
  return joined;
}

SparseRows DatasetReader::Impl::read_view(DatasetPart part, RowRange rows) const {
  return division ? read_folded(part, rows) : read_joined(part, rows);
}

SparseRows DatasetReader::Impl::read(DatasetPart part, RowRange rows, std::span<const Index> without) const {
  const auto from_file = [&] {
    if (!is_view()) return read_sparse(file, group_name(part), shape(part), rows, without);
    return without_entries(read_view(part, rows), without);
  };
  return remembered ? remembered->rows(part, rows, without, from_file) : from_file();
}

std::vector<std::int64_t> DatasetReader::Impl::read_marks_of(DatasetPart part, const SparseShape& in_file,
                                                             EntryMark mark, RowRange rows) const {
  const std::vector<Index> offsets = read_sparse_offsets(file, group_name(part), in_file, rows);
  return read_marks(file, group_name(part), mark, {offsets.front(), offsets.back()});
}

/// Collective.
std::vector<Index> DatasetReader::Impl::fold_numbers() const {
  if (!has(DatasetPart::interactions, EntryMark::fold)) return {};
  const RowRange share = Partition::by_count(users, comm->size()).range(comm->rank());
  const SparseShape& in_file = division ? file_shape : shape(DatasetPart::interactions);
  return distinct_folds(*comm, agree_on(*comm, [&] {
    return read_marks_of(DatasetPart::interactions, in_file, EntryMark::fold, share);
  }));
}

bool DatasetReader::Impl::has(DatasetPart part, EntryMark mark) const {
  return std::ranges::count(marked[static_cast<std::size_t>(mark)], part) > 0;
}

/// What a fold of marks needs is not there.
void DatasetReader::Impl::require_marks(const Fold& by) const {
  if (by.kind == FoldKind::temporal && is_of_first_format()) {
    throw AgreedError(
        ExitCode::bad_data,
        fmt::format("{}: its format-version 1 does not hold what temporal folds need; run prepare again", file.path()));
  }
  const auto mark = deciding_mark(by.kind);
  if (!mark || (has(DatasetPart::interactions, *mark) && has(DatasetPart::interactions_by_item, *mark))) return;
  throw AgreedError(ExitCode::bad_data,
                    fmt::format("{}: {}", file.path(),
                                *mark == EntryMark::time
                                    ? "holds no times, which temporal folds need; expected a dataset that prepare made "
                                      "of a log with a time column"
                                    : "holds no folds; expected a dataset from prepare --columns ...,fold=NAME"));
}

/// Neither the training nor the validation of a fold of marks may be empty. Collective.
void DatasetReader::Impl::require_both(Index trained, Index validated) const {
  const Fold& fold = division->fold;
  if (!deciding_mark(fold.kind) || (trained > 0 && validated > 0)) return;
  const std::string expected =
      fold.kind == FoldKind::column
          ? fmt::format("some of each; its folds are {}", fmt::join(fold_numbers(), ", "))
          : std::string("some of each; few times, or many interactions at one time, allow fewer folds");
  throw AgreedError(ExitCode::bad_data,
                    fmt::format("{}: fold {} has {} interactions to train on and {} to validate; expected {}",
                                file.path(), fold_text(fold), trained, validated, expected));
}

/// The distinct times of each pair of these users. Not collective.
std::vector<std::int64_t> DatasetReader::Impl::times_of_units(RowRange rows) const {
  std::vector<std::int64_t> times = read_marks_of(DatasetPart::interactions, file_shape, EntryMark::time, rows);
  if (!log_row_entries) return times;
  SparseRows read = read_sparse(file, group_name(DatasetPart::interactions), file_shape, rows);
  read.times_seconds = std::move(times);
  return distinct_times(read, log_rows(DatasetPart::interactions, rows));
}

/// From here on the parts are the fold's. Collective.
void DatasetReader::Impl::divide(const Fold& by) {
  require_marks(by);
  file_shape = shape(DatasetPart::interactions);
  const RowRange share = Partition::by_count(users, comm->size()).range(comm->rank());
  std::vector<std::int64_t> times;
  if (by.kind == FoldKind::temporal) times = agree_on(*comm, [&] { return times_of_units(share); });
  division = divide_by(*comm, by, std::move(times));
  const auto count = [&](DatasetPart part) {
    return comm->sum(agree_on(*comm, [&] { return read_folded(part, share).entries(); }));
  };
  const Index trained = count(DatasetPart::interactions);
  shapes = {};
  const auto set = [&](DatasetPart part, SparseShape shape) { shapes[static_cast<std::size_t>(part)] = shape; };
  set(DatasetPart::interactions, {users, items, trained});
  set(DatasetPart::interactions_by_item, {items, users, trained});
  const Index validated = count(DatasetPart::heldout);
  require_both(trained, validated);
  set(DatasetPart::heldout, {users, items, validated});
  if (by.kind == FoldKind::users) set(DatasetPart::given, {users, items, count(DatasetPart::given)});
}

DatasetReader::DatasetReader(const Communicator& comm, const std::string& path, const std::optional<Fold>& fold,
                             TrainedOn trained_on, InputCheck check)
    : impl_(agree_on(comm, [&] { return std::make_unique<Impl>(Impl::open(comm, path, check)); })) {
  agree_on_version(comm, path, impl_->file.version());
  if (fold && trained_on == TrainedOn::all)
    throw AgreedError(ExitCode::usage, "--fold needs --train-on training: with all parts nothing is left to validate");
  if (fold) impl_->divide(*fold);
  if (trained_on == TrainedOn::all) impl_->join_parts();
}
DatasetReader::~DatasetReader() = default;
DatasetReader::DatasetReader(DatasetReader&&) noexcept = default;
DatasetReader& DatasetReader::operator=(DatasetReader&&) noexcept = default;

bool DatasetReader::compares() const {
  return impl_->file.compares();
}

Index DatasetReader::users() const {
  return impl_->trained_on == TrainedOn::all ? all_users() : training_users();
}

Index DatasetReader::training_users() const {
  return impl_->users;
}

Index DatasetReader::all_users() const {
  return impl_->users + impl_->heldout_users;
}

Index DatasetReader::items() const {
  return impl_->items;
}

bool DatasetReader::has(DatasetPart part) const {
  return impl_->shapes[static_cast<std::size_t>(part)].has_value();
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
  return impl_->provenance;
}

std::vector<Index> DatasetReader::row_sizes(DatasetPart part, RowRange rows) const {
  const SparseShape& shape = impl_->shape(part);
  return agree_on(*impl_->comm, [&] {
    if (impl_->trained_on == TrainedOn::all && !impl_->remembered) return impl_->joined_row_sizes(part, rows);
    std::vector<Index> sizes = impl_->division || impl_->remembered
                                   ? impl_->read(part, rows, {}).offsets
                                   : read_sparse_offsets(impl_->file, group_name(part), shape, rows);
    for (std::size_t r = 0; r + 1 < sizes.size(); ++r) sizes[r] = sizes[r + 1] - sizes[r];
    sizes.pop_back();
    return sizes;
  });
}

bool DatasetReader::has(DatasetPart part, EntryMark mark) const {
  return impl_->has(part, mark);
}

std::vector<std::int64_t> DatasetReader::marks(DatasetPart part, EntryMark mark, RowRange rows) const {
  return agree_on(*impl_->comm, [&] { return impl_->read_marks_of(part, impl_->shape(part), mark, rows); });
}

const MergeRules& DatasetReader::rules() const {
  return impl_->rules;
}

bool DatasetReader::has_log_rows() const {
  return impl_->log_row_entries.has_value();
}

LogRows DatasetReader::log_rows(DatasetPart part, RowRange rows) const {
  return agree_on(*impl_->comm, [&] { return impl_->log_rows(part, rows); });
}

std::vector<Index> DatasetReader::fold_numbers() const {
  return impl_->fold_numbers();
}

SparseRows DatasetReader::read(DatasetPart part, RowRange rows, std::span<const Index> without) const {
  static_cast<void>(impl_->shape(part));
  return agree_on(*impl_->comm, [&] { return impl_->read(part, rows, without); });
}

void DatasetReader::remember_rows() {
  impl_->remembered = std::make_unique<RememberedRows>();
}

SparseRows DatasetReader::read_parts(DatasetPart part, std::span<const SharedPart> parts) const {
  const SparseShape& shape = impl_->shape(part);
  return agree_on(*impl_->comm, [&] {
    if (!impl_->is_view()) return read_sparse_parts(impl_->file, group_name(part), shape, parts);
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
    const Index old = impl_->users;
    if (impl_->trained_on == TrainedOn::training || impl_->heldout_users == 0) {
      return read_ids(impl_->file, user_ids_name, rows);
    }
    IdRows ids = read_ids(impl_->file, user_ids_name, {std::min(rows.begin, old), std::min(rows.end, old)});
    const RowRange new_rows{std::max(rows.begin, old) - old, std::max(rows.end, old) - old};
    append_ids(ids.ids, read_ids(impl_->file, heldout_user_ids_name, new_rows).ids);
    ids.rows = rows;
    ids.total_rows = users();
    return ids;
  });
}

IdRows DatasetReader::item_ids(RowRange rows) const {
  return agree_on(*impl_->comm, [&] { return read_ids(impl_->file, item_ids_name, rows); });
}

IdRows DatasetReader::heldout_user_ids(RowRange rows) const {
  return agree_on(*impl_->comm, [&] { return read_ids(impl_->file, heldout_user_ids_name, rows); });
}

}  // namespace rankwise
