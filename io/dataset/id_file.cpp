#include "io/dataset/id_file.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <limits>
#include <span>

#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

using Integers = std::vector<std::int64_t>;
using Strings = std::vector<std::string>;

/// Whether the ids are strings; ranks without rows have no say. Collective over comm.
bool are_strings(const Communicator& comm, const IdRows& ids) {
  const bool mine = std::holds_alternative<Strings>(ids.ids);
  const bool have_rows = ids.rows.size() > 0;
  const bool strings = comm.max(static_cast<std::int64_t>(mine && have_rows)) > 0;
  agree_on(comm, [&] {
    if (id_count(ids.ids) != ids.rows.size() || (have_rows && mine != strings)) {
      throw Error(ExitCode::internal, "ids do not match their rows, or are integers and strings at once");
    }
  });
  return strings;
}

}  // namespace

Index id_bytes(const Communicator& comm, const IdRows& ids) {
  if (!are_strings(comm, ids)) return ids.total_rows * static_cast<Index>(sizeof(std::int64_t));
  std::size_t longest = 1;
  if (const auto* strings = std::get_if<Strings>(&ids.ids)) {
    for (const std::string& id : *strings) longest = std::max(longest, id.size());
  }
  return ids.total_rows * comm.max(static_cast<Index>(longest));
}

void mark_array(Hdf5Writer& file, const std::string& name, std::string_view encoding_type) {
  file.write_attribute(name, "encoding-type", encoding_type);
  file.write_attribute(name, "encoding-version", std::string_view("0.2.0"));
}

void write_ids(const Communicator& comm, Hdf5Writer& file, const std::string& name, const IdRows& ids) {
  if (are_strings(comm, ids)) {
    const auto* strings = std::get_if<Strings>(&ids.ids);
    file.write_strings(name, ids.total_rows, ids.rows, strings ? std::span(*strings) : std::span<const std::string>());
    mark_array(file, name, "string-array");
  } else {
    const auto* integers = std::get_if<Integers>(&ids.ids);
    file.write_rows(name, ids.total_rows, ids.rows, integers ? std::span(*integers) : std::span<const std::int64_t>());
    mark_array(file, name, "array");
  }
}

Index id_rows(const Hdf5Reader& file, const std::string& name) {
  const Hdf5Shape shape = file.shape(name);
  if ((shape.kind != Hdf5Kind::integer && shape.kind != Hdf5Kind::text) || shape.extents.size() != 1) {
    throw Error(ExitCode::bad_data,
                fmt::format("{}: {} is not one row of integer or string ids: it holds {}{} values", file.path(), name,
                            shape.extents.size() == 1 ? "" : "a table of ", shape.type));
  }
  return shape.rows();
}

IdRows read_ids(const Hdf5Reader& file, const std::string& name, RowRange rows) {
  IdRows read{.rows = rows, .total_rows = id_rows(file, name), .ids = {}};
  if (file.shape(name).kind == Hdf5Kind::text) {
    read.ids = file.read_strings(name, rows);
    return read;
  }
  Integers ids = file.read_rows<std::int64_t>(name, rows);
  const auto negative = std::ranges::find_if(ids, [](std::int64_t id) { return id < 0; });
  if (negative != ids.end()) {
    throw Error(ExitCode::bad_data, fmt::format("{}: {}: row {} holds the negative id {}", file.path(), name,
                                                rows.begin + (negative - ids.begin()), *negative));
  }
  for (auto id = ids.begin(); (id = std::find(id, ids.end(), std::numeric_limits<std::int64_t>::max())) != ids.end();
       ++id) {
    // HDF5 gives this one for any that is too large.
    const Index row = rows.begin + (id - ids.begin());
    const std::uint64_t unsigned_id = file.read_rows<std::uint64_t>(name, {row, row + 1}).front();
    if (unsigned_id <= static_cast<std::uint64_t>(*id)) continue;
    throw Error(ExitCode::bad_data, fmt::format("{}: {}: row {} holds the id {}; expected one below 2^63", file.path(),
                                                name, row, unsigned_id));
  }
  read.ids = std::move(ids);
  return read;
}

}  // namespace rankwise
