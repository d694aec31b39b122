#pragma once
// What the small tables of campaigns have in common: columns by their names, records of one length, errors with files.

#include <algorithm>
#include <fmt/format.h>
#include <string>
#include <string_view>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "io/text/record_reader.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

/// The first column of a header whose name `is_name` accepts. Throws Error(bad_data).
template <class IsName>
[[nodiscard]] std::size_t table_column(const std::vector<std::string>& header, const IsName& is_name,
                                       std::string_view what) {
  const auto found = std::ranges::find_if(header, is_name);
  if (found != header.end()) return static_cast<std::size_t>(found - header.begin());
  throw Error(ExitCode::bad_data, fmt::format("the header has no column of {}s; expected one, such as {}", what, what));
}
[[nodiscard]] inline std::size_t table_column(const std::vector<std::string>& header, std::string_view name) {
  return table_column(
      header, [name](const std::string& each) { return each == name; }, name);
}

/// Calls visit(fields) for all records that are left. Throws Error(bad_data) for one of another length.
template <class Visit>
void for_each_record(RecordReader& reader, std::size_t fields_expected, const Visit& visit) {
  while (const std::vector<std::string_view>* const fields = reader.next()) {
    if (fields->size() != fields_expected) {
      throw Error(ExitCode::bad_data,
                  fmt::format("has {} fields, expected {} as in the header", fields->size(), fields_expected));
    }
    visit(*fields);
  }
}

/// What `read` gives on the root, and nothing on other ranks. Collective over comm; throws AgreedError that names the
/// file.
template <class Read>
[[nodiscard]] auto read_table_on_root(const Communicator& comm, const std::string& path, const Read& read) {
  return agree_on(comm, [&] {
    try {
      return comm.is_root() ? read(path) : decltype(read(path)){};
    } catch (const Error& error) {
      throw Error(error.code(), fmt::format("{}: {}", path, error.what()));
    }
  });
}

}  // namespace rankwise
