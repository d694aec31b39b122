#include "io/dataset.hpp"

#include <array>
#include <fmt/format.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "distributed/partition.hpp"
#include "io/folded_rows.hpp"
#include "io/hdf5_reader.hpp"
#include "io/hdf5_writer.hpp"
#include "io/id_file.hpp"
#include "io/provenance_attributes.hpp"
#include "io/sparse_file.hpp"
#include "kernels/error.hpp"

namespace rankwise {

namespace {

const std::string user_ids_name = "/users/ids";
const std::string item_ids_name = "/items/ids";
const std::string heldout_user_ids_name = "/heldout/users/ids";

const char* group_name(DatasetPart part) {
  switch (part) {
    case DatasetPart::interactions:
      return "/interactions";
    case DatasetPart::interactions_by_item:
      return "/interactions_by_item";
    case DatasetPart::heldout:
      return "/heldout/interactions";
    case DatasetPart::given:
      return "/heldout/given";
  }
  return "";
}

/// Digest of one row: its number, columns and values.
std::uint64_t row_digest(XXH3_state_t& state, Index row, std::span<const Index> columns,
                         std::span<const float> values) {
  XXH3_64bits_reset(&state);
  XXH3_64bits_update(&state, &row, sizeof row);
  XXH3_64bits_update(&state, columns.data(), columns.size_bytes());
  XXH3_64bits_update(&state, values.data(), values.size_bytes());
  return XXH3_64bits_digest(&state);
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

std::uint64_t content_digest(const Communicator& comm, const SparseRows& matrix) {
  XXH3_state_t state;
  XXH3_INITSTATE(&state);
  std::uint64_t sum = 0;
  for (Index r = 0; r < matrix.rows.size(); ++r) {
    const auto begin = static_cast<std::size_t>(matrix.offsets[static_cast<std::size_t>(r)]);
    const std::size_t size = static_cast<std::size_t>(matrix.offsets[static_cast<std::size_t>(r) + 1]) - begin;
    sum += row_digest(state, matrix.rows.begin + r, std::span(matrix.columns).subspan(begin, size),
                      std::span(matrix.values).subspan(begin, size));
  }
  return comm.sum(sum);
}

void write_dataset(const Communicator& comm, const std::string& path, const Dataset& dataset,
                   const Provenance& provenance, int deflate_level) {
  // 1. How large it becomes.
  Index bytes = id_bytes(comm, dataset.users) + id_bytes(comm, dataset.items) +
                sparse_bytes(comm, dataset.interactions) + sparse_bytes(comm, dataset.interactions_by_item);
  if (dataset.heldout) bytes += sparse_bytes(comm, *dataset.heldout);
  if (dataset.heldout_users) {
    bytes += id_bytes(comm, dataset.heldout_users->ids) + sparse_bytes(comm, dataset.heldout_users->given);
  }

  // 2. Where it comes from.
  Hdf5Writer file(comm, path, bytes, {.deflate_level = deflate_level});
  Provenance stamped = provenance;
  stamped.kind = "dataset";
  stamped.dataset_digest = content_digest(comm, dataset.interactions);
  write_provenance(file, stamped);

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
  if (dataset.heldout || dataset.heldout_users) file.create_group("/heldout");
  if (dataset.heldout) write_matrix(DatasetPart::heldout, *dataset.heldout);
  if (dataset.heldout_users) {
    file.create_group("/heldout/users");
    write_ids(comm, file, heldout_user_ids_name, dataset.heldout_users->ids);
    write_matrix(DatasetPart::given, dataset.heldout_users->given);
  }
  file.commit();
}

struct DatasetReader::Impl {
  const Communicator* comm;
  Hdf5Reader file;
  Provenance provenance;
  Index users = 0;
  Index items = 0;
  Index heldout_users = 0;
  std::array<std::optional<SparseShape>, 4> shapes;  // by DatasetPart, with the fold
  std::optional<Fold> fold;
  SparseShape file_shape = {};  // of /interactions, where there is a fold

  [[nodiscard]] static Impl open(const Communicator& comm, const std::string& path);
  void read_shapes();
  void divide(const Fold& by);
  [[nodiscard]] SparseRows read_folded(DatasetPart part, RowRange rows) const;
  [[nodiscard]] const SparseShape& shape(DatasetPart part) const;
};

DatasetReader::Impl DatasetReader::Impl::open(const Communicator& comm, const std::string& path) {
  Impl opened{.comm = &comm, .file = Hdf5Reader(path), .provenance = {}, .shapes = {}, .fold = {}};
  opened.provenance = read_provenance(opened.file, "dataset");
  opened.read_shapes();
  return opened;
}

void DatasetReader::Impl::read_shapes() {
  const auto read = [&](DatasetPart part, Index rows, Index columns) {
    const char* name = group_name(part);
    const SparseShape shape = sparse_shape(file, name);
    if (shape.rows != rows || shape.columns != columns) {
      throw Error(ExitCode::bad_data, fmt::format("{}: {} is {} x {}, expected {} x {} from the ids", file.path(), name,
                                                  shape.rows, shape.columns, rows, columns));
    }
    shapes[static_cast<std::size_t>(part)] = shape;
  };
  users = id_rows(file, user_ids_name);
  items = id_rows(file, item_ids_name);
  read(DatasetPart::interactions, users, items);
  read(DatasetPart::interactions_by_item, items, users);
  if (shape(DatasetPart::interactions).entries != shape(DatasetPart::interactions_by_item).entries) {
    throw Error(ExitCode::bad_data,
                fmt::format("{}: /interactions and its transpose differ in the number of entries", file.path()));
  }
  if (!file.has("/heldout")) return;
  const bool whole_users = file.has(heldout_user_ids_name);
  if (whole_users) {
    heldout_users = id_rows(file, heldout_user_ids_name);
    read(DatasetPart::given, heldout_users, items);
  }
  if (file.has(group_name(DatasetPart::heldout))) {
    read(DatasetPart::heldout, whole_users ? heldout_users : users, items);
  }
}

const SparseShape& DatasetReader::Impl::shape(DatasetPart part) const {
  const std::optional<SparseShape>& shape = shapes[static_cast<std::size_t>(part)];
  if (!shape) throw AgreedError(ExitCode::bad_data, fmt::format("{}: {} is missing", file.path(), group_name(part)));
  return *shape;
}

/// The rows of the file that the part is taken from, without what the fold has elsewhere.
SparseRows DatasetReader::Impl::read_folded(DatasetPart part, RowRange rows) const {
  const bool by_item = part == DatasetPart::interactions_by_item;
  const SparseShape in_file = by_item ? SparseShape{items, users, file_shape.entries} : file_shape;
  const char* name = group_name(by_item ? part : DatasetPart::interactions);
  return keep_part(*fold, part, read_sparse(file, name, in_file, rows));
}

/// From here on the parts are the fold's. Collective.
void DatasetReader::Impl::divide(const Fold& by) {
  file_shape = shape(DatasetPart::interactions);
  fold = by;
  const RowRange share = Partition::by_count(users, comm->size()).range(comm->rank());
  const auto count = [&](DatasetPart part) {
    return comm->sum(agree_on(*comm, [&] { return read_folded(part, share).entries(); }));
  };
  const Index trained = count(DatasetPart::interactions);
  shapes = {};
  const auto set = [&](DatasetPart part, SparseShape shape) { shapes[static_cast<std::size_t>(part)] = shape; };
  set(DatasetPart::interactions, {users, items, trained});
  set(DatasetPart::interactions_by_item, {items, users, trained});
  set(DatasetPart::heldout, {users, items, count(DatasetPart::heldout)});
  if (by.kind == FoldKind::users) set(DatasetPart::given, {users, items, count(DatasetPart::given)});
}

DatasetReader::DatasetReader(const Communicator& comm, const std::string& path, const std::optional<Fold>& fold)
    : impl_(agree_on(comm, [&] { return std::make_unique<Impl>(Impl::open(comm, path)); })) {
  if (fold) impl_->divide(*fold);
}
DatasetReader::~DatasetReader() = default;
DatasetReader::DatasetReader(DatasetReader&&) noexcept = default;
DatasetReader& DatasetReader::operator=(DatasetReader&&) noexcept = default;

Index DatasetReader::users() const {
  return impl_->users;
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
    std::vector<Index> sizes = impl_->fold ? impl_->read_folded(part, rows).offsets
                                           : read_sparse_offsets(impl_->file, group_name(part), shape, rows);
    for (std::size_t r = 0; r + 1 < sizes.size(); ++r) sizes[r] = sizes[r + 1] - sizes[r];
    sizes.pop_back();
    return sizes;
  });
}

SparseRows DatasetReader::read(DatasetPart part, RowRange rows, std::span<const Index> without) const {
  const SparseShape& shape = impl_->shape(part);
  return agree_on(*impl_->comm, [&] {
    if (!impl_->fold) return read_sparse(impl_->file, group_name(part), shape, rows, without);
    return without_entries(impl_->read_folded(part, rows), without);
  });
}

SparseRows DatasetReader::read_parts(DatasetPart part, std::span<const SharedPart> parts) const {
  const SparseShape& shape = impl_->shape(part);
  return agree_on(*impl_->comm, [&] {
    if (!impl_->fold) return read_sparse_parts(impl_->file, group_name(part), shape, parts);
    SparseRows rows{.rows = {0, static_cast<Index>(parts.size())},
                    .total_rows = static_cast<Index>(parts.size()),
                    .column_count = shape.columns,
                    .columns = {},
                    .values = {}};
    for (const SharedPart& wanted : parts)
      append_part(impl_->read_folded(part, {wanted.row, wanted.row + 1}), wanted, rows);
    return rows;
  });
}

IdRows DatasetReader::user_ids(RowRange rows) const {
  return agree_on(*impl_->comm, [&] { return read_ids(impl_->file, user_ids_name, rows); });
}

IdRows DatasetReader::item_ids(RowRange rows) const {
  return agree_on(*impl_->comm, [&] { return read_ids(impl_->file, item_ids_name, rows); });
}

IdRows DatasetReader::heldout_user_ids(RowRange rows) const {
  return agree_on(*impl_->comm, [&] { return read_ids(impl_->file, heldout_user_ids_name, rows); });
}

}  // namespace rankwise
