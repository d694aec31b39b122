#include "io/log/pair_list.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <string_view>

#include "io/log/columns.hpp"
#include "io/text/record_reader.hpp"
#include "io/text/small_table.hpp"
#include "io/text/text_probe.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

/// The only column of a header whose name is one of these.
template <class IsName>
std::size_t column_of(const std::vector<std::string>& header, const IsName& is_name, std::string_view role) {
  const auto found = std::ranges::find_if(header, is_name);
  if (found != header.end() && std::find_if(found + 1, header.end(), is_name) == header.end())
    return static_cast<std::size_t>(found - header.begin());
  throw Error(ExitCode::bad_data, fmt::format("the header has {} column of {}s; expected one, such as {}_id",
                                              found == header.end() ? "no" : "more than one", role, role));
}

void read_records(RecordReader& reader, PairList& pairs) {
  const std::vector<std::string> header = first_fields(reader);
  const std::size_t user = column_of(header, is_common_user_name, "user");
  const std::size_t item = column_of(header, is_common_item_name, "item");
  while (const std::vector<std::string_view>* const fields = reader.next()) {
    if (fields->size() != header.size()) {
      throw Error(ExitCode::bad_data,
                  fmt::format("has {} fields, expected {} as in the header", fields->size(), header.size()));
    }
    pairs.users.emplace_back((*fields)[user]);
    pairs.items.emplace_back((*fields)[item]);
    pairs.lines.push_back(reader.line());
  }
}

PairList read_on_root(const std::string& path) {
  PairList pairs;
  read_small_table(path, [&](RecordReader& reader) { read_records(reader, pairs); });
  return pairs;
}

}  // namespace

PairList read_pair_list(const Communicator& comm, const std::string& path) {
  return agree_on(comm, [&] {
    try {
      return comm.is_root() ? read_on_root(path) : PairList{};
    } catch (const Error& error) {
      throw Error(error.code(), fmt::format("{}: {}", path, error.what()));
    }
  });
}

}  // namespace rankwise
