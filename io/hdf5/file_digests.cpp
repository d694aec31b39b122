#include "io/hdf5/file_digests.hpp"

#include <fmt/format.h>
#include <utility>

#include "io/hdf5/row_chunks.hpp"
#include "io/hdf5/row_digests.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

bool is_table(const FileObject& object) {
  return object.path.starts_with(digests_group + "/");
}

std::optional<DigestTable> read_table(const Hdf5Reader& file, const std::string& dataset) {
  const std::string name = digest_table_name(dataset);
  if (!file.has(name) || !file.has_attribute(name, digest_rows_attribute)) return std::nullopt;
  const Hdf5Shape shape = file.shape(dataset);
  const Index rows = file.shape(name, Hdf5Kind::integer, 1).rows();
  DigestTable table{dataset, file.read_integer(name, digest_rows_attribute), {}};
  if (table.chunk_rows != rows_per_chunk(shape.row_bytes())) return std::nullopt;
  const Index chunks = shape.rows() / table.chunk_rows + (shape.rows() % table.chunk_rows > 0 ? 1 : 0);
  if (rows != chunks) return std::nullopt;
  table.digests = file.read_rows<std::uint64_t>(name, {0, rows});
  return table;
}

}  // namespace

std::optional<FileDigests> read_file_digests(const Hdf5Reader& file, const FileDescription& description) {
  const AttributeValue* digest = description.objects.front().attribute(metadata_digest_attribute);
  const auto* expected = digest == nullptr ? nullptr : std::get_if<std::uint64_t>(digest);
  if (description.find(digests_group) == nullptr || expected == nullptr) return std::nullopt;
  FileDigests digests;
  for (const FileObject& object : description.objects) {
    if (object.kind != FileObject::Kind::dataset || is_table(object)) continue;
    ++digests.datasets;
    if (std::optional<DigestTable> table = read_table(file, object.path)) {
      digests.tables.push_back(std::move(*table));
    } else {
      digests.faults.push_back(
          fmt::format("{}: {}: its digests are missing, or not one for each chunk of rows", file.path(), object.path));
    }
  }
  digests.found_metadata = metadata_digest(description.objects, digests.tables);
  if (digests.found_metadata != *expected) {
    digests.faults.push_back(
        fmt::format("{}: attributes, shapes or {} are damaged: expected digest {:016x}, found "
                    "{:016x}",
                    file.path(), digests_group, *expected, digests.found_metadata));
  }
  return digests;
}

Hdf5Reader open_checked(const std::string& path, InputCheck check) {
  Hdf5Reader file(path);
  // A file of another program is not looked through: it may hold what has no description.
  if (check == InputCheck::none || (!file.has(digests_group) && !file.has_attribute("/", metadata_digest_attribute))) {
    return file;
  }
  std::optional<FileDigests> digests = read_file_digests(file, describe_file(path));
  if (!digests) {
    throw Error(ExitCode::bad_data,
                fmt::format("{}: holds only a part of its digests: expected {} and attribute {} (if another "
                            "program changed the file, --verify-inputs no reads it)",
                            path, digests_group, metadata_digest_attribute));
  }
  if (!digests->faults.empty()) {
    throw Error(ExitCode::bad_data, fmt::format("{} (if another program changed the file, --verify-inputs no reads it)",
                                                digests->faults.front()));
  }
  file.compare_with(std::move(digests->tables));
  return file;
}

}  // namespace rankwise
