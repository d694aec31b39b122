#include "jobs/recommend/rules/item_columns.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <unordered_map>
#include <utility>

#include "io/tables/table_condition.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

constexpr Index block_rows = Index{1} << 16;

}  // namespace

ItemColumns::ItemColumns(const Communicator& comm, const std::string& path, std::string_view option, InputCheck check)
    : tables_(comm, path, check), option_(option) {
  if (tables_.items()) return;
  throw AgreedError(ExitCode::bad_data,
                    fmt::format("{}: has no table of items, which {} needs; prepare --items stores one", path, option));
}

ColumnValues ItemColumns::read(const std::string& column, RowRange rows) const {
  try {
    return read_values(table(), column, rows);
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("{}: {}", option_, error.what()));
  }
}

void ItemColumns::for_each_block(const std::string& column,
                                 const std::function<void(Index, const ColumnValues&)>& take) const {
  if (table().rows() == 0) static_cast<void>(read(column, {0, 0}));
  for (Index first = 0; first < table().rows(); first += block_rows) {
    take(first, read(column, {first, std::min(first + block_rows, table().rows())}));
  }
}

std::vector<bool> ItemColumns::fulfil(const RowCondition& condition) const {
  try {
    return fulfilled_rows(table(), condition, {0, table().rows()});
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("{}: {}", option_, error.what()));
  }
}

ItemGroups ItemColumns::groups(const std::string& column) const {
  ItemGroups found;
  std::unordered_map<std::string, std::int32_t> numbers;
  for_each_block(column, [&](Index first, const ColumnValues& values) {
    const Index rows = std::min(first + block_rows, table().rows()) - first;
    for (Index row = 0; row < rows; ++row) {
      const std::string text = value_text(values, row);
      if (text.empty()) {
        found.groups.push_back(-1);
        ++found.without_value;
      } else {
        found.groups.push_back(numbers.try_emplace(text, static_cast<std::int32_t>(numbers.size())).first->second);
      }
    }
  });
  found.count = std::ssize(numbers);
  return found;
}

std::vector<double> ItemColumns::numbers(const std::string& column) const {
  static_cast<void>(read(column, {0, 0}));
  if (const ColumnType type = table().column(column).type; type != ColumnType::number) {
    throw Error(ExitCode::bad_data, fmt::format("{}: {} is a column of type {}, expected numbers; prepare "
                                                "--item-types can say so",
                                                option_, column, column_type_name(type)));
  }
  std::vector<double> all;
  for_each_block(column, [&](Index, const ColumnValues& values) {
    const auto& numbers = std::get<Numbers>(values);
    all.insert(all.end(), numbers.begin(), numbers.end());
  });
  return all;
}

ColumnValues ItemColumns::values(const std::string& column) const {
  return read(column, {0, table().rows()});
}

}  // namespace rankwise
