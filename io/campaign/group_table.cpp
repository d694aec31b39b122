#include "io/campaign/group_table.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "io/campaign/table_columns.hpp"
#include "io/files/input_file.hpp"
#include "io/log/columns.hpp"
#include "io/text/small_table.hpp"
#include "io/text/text_probe.hpp"
#include "io/text/time_text.hpp"
#include "kernels/base/error.hpp"
#include "kernels/text/shown_text.hpp"
#include "kernels/text/utf8.hpp"

namespace rankwise {

namespace {

/// Where the columns are; absent ones are nothing.
struct ListColumns {
  std::size_t user = 0;
  std::size_t group = 0;
  std::optional<std::size_t> segment;
  std::optional<std::size_t> offer;
  std::optional<std::size_t> time;
};

/// The place of a column that the header may have; throws if it has two.
template <class IsName>
std::optional<std::size_t> optional_column(const std::vector<std::string>& header, const IsName& is_name) {
  const auto found = std::ranges::find_if(header, is_name);
  if (found == header.end()) return std::nullopt;
  if (std::find_if(found + 1, header.end(), is_name) != header.end())
    throw Error(ExitCode::bad_data, fmt::format("has two columns such as {}; expected one", shown(*found)));
  return static_cast<std::size_t>(found - header.begin());
}

ListColumns columns_of(const std::vector<std::string>& header) {
  const auto named = [&](std::string_view name) {
    return optional_column(header, [&](const std::string& each) { return each == name; });
  };
  return {.user = table_column(header, is_common_user_name, "user"),
          .group = table_column(header, "group"),
          .segment = named("segment"),
          .offer = named("offer"),
          .time = named("time")};
}

CustomerGroup group_of(std::string_view word) {
  for (const CustomerGroup group : {CustomerGroup::treated, CustomerGroup::control, CustomerGroup::global_control}) {
    if (word == group_word(group)) return group;
  }
  throw Error(ExitCode::bad_data,
              fmt::format("the group is {}; expected treated, control or global_control", shown(word)));
}

std::string text_of(std::string_view field, std::string_view role) {
  std::string text(trimmed(field));
  if (is_utf8(text)) return text;
  throw Error(ExitCode::bad_data, fmt::format("the {} {} is not UTF-8; expected UTF-8 text", role, shown(text)));
}

GroupTable read_rows(RecordReader& reader) {
  const std::vector<std::string> header = first_fields(reader);
  const ListColumns columns = columns_of(header);
  const TimeReader times(TimeForm::by_look, "");
  std::unordered_set<std::string> known;
  GroupTable rows;
  for_each_record(reader, header.size(), [&](const std::vector<std::string_view>& fields) {
    std::string user = text_of(fields[columns.user], "user");
    if (user.empty()) throw Error(ExitCode::bad_data, "has no user; expected an id");
    if (!known.insert(user).second)
      throw Error(ExitCode::bad_data, fmt::format("user {} has a row already; expected one row a user", shown(user)));
    rows.users.push_back(std::move(user));
    rows.groups.push_back(group_of(trimmed(fields[columns.group])));
    if (columns.segment) rows.segments.push_back(text_of(fields[*columns.segment], "segment"));
    if (columns.offer) rows.offers.push_back(text_of(fields[*columns.offer], "offer"));
    if (columns.time) rows.begins.push_back(times.read(trimmed(fields[*columns.time])));
  });
  if (rows.users.empty()) throw Error(ExitCode::bad_data, "has no rows; expected one for each customer");
  return rows;
}

}  // namespace

bool is_group_table(const std::string& path) {
  const std::shared_ptr<const InputFile> file = open_named(path);
  std::array<char, 8> bytes{};
  try {
    const auto read = static_cast<std::size_t>(file->read_at(0, bytes.data(), bytes.size()));
    return std::string_view(bytes.data(), read) != "\x89HDF\r\n\x1a\n";
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("{}: {}", path, error.what()));
  }
}

GroupTable read_group_table(const std::string& path) {
  GroupTable table;
  try {
    read_small_table(path, [&](RecordReader& reader) { table = read_rows(reader); });
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("{}: {}", path, error.what()));
  }
  return table;
}

}  // namespace rankwise
