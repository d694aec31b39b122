#include "io/tables/table_choice.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <utility>

#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

std::vector<std::string_view> pieces(std::string_view text) {
  std::vector<std::string_view> found;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    found.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return found;
}

}  // namespace

std::string_view side_name(TableSide side) {
  return side == TableSide::items ? "item" : "user";
}

TableColumns parse_table_columns(std::string_view option, std::string_view text) {
  const auto fail = [&](const std::string& reason) {
    throw Error(ExitCode::usage,
                fmt::format("{} '{}': {}; expected id=COLUMN, COLUMN or NAME=COLUMN, separated by commas", option, text,
                            reason));
  };
  TableColumns columns;
  for (const std::string_view piece : pieces(text)) {
    const std::size_t equals = piece.find('=');
    const std::string name(piece.substr(0, equals));
    const std::string source(equals == std::string_view::npos ? piece : piece.substr(equals + 1));
    if (name.empty() || source.empty()) fail(fmt::format("'{}' names no column", piece));
    if (name == "id" && equals != std::string_view::npos) {
      if (!columns.id.empty()) fail("id is given twice");
      columns.id = source;
      continue;
    }
    if (std::ranges::count(columns.kept, name, &TableColumns::Kept::name) > 0) {
      fail(fmt::format("{} is given twice", name));
    }
    columns.kept.push_back({name, source});
  }
  return columns;
}

ColumnTypes parse_column_types(std::string_view option, std::string_view text) {
  constexpr std::array known{ColumnType::category, ColumnType::number, ColumnType::text};
  const auto fail = [&](const std::string& reason) {
    throw Error(ExitCode::usage, fmt::format("{} '{}': {}; expected NAME=TYPE, separated by commas; types are "
                                             "category, number and text",
                                             option, text, reason));
  };
  ColumnTypes types;
  for (const std::string_view piece : pieces(text)) {
    const std::size_t equals = piece.rfind('=');
    if (equals == 0 || equals == std::string_view::npos) fail(fmt::format("'{}' names no column and type", piece));
    const std::string_view word = piece.substr(equals + 1);
    const auto type = std::ranges::find(known, word, column_type_name);
    if (type == known.end()) fail(fmt::format("'{}' is no type", word));
    const std::string name(piece.substr(0, equals));
    if (!types.emplace(name, *type).second) fail(fmt::format("{} is given twice", name));
  }
  return types;
}

}  // namespace rankwise
