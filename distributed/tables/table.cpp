#include "distributed/tables/table.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>

namespace rankwise {

std::string_view column_type_name(ColumnType type) {
  constexpr std::array<std::string_view, 3> names{"category", "number", "text"};
  return names[static_cast<std::size_t>(type)];
}

std::string value_text(const ColumnValues& values, Index row) {
  const auto place = static_cast<std::size_t>(row);
  if (const auto* words = std::get_if<Categories>(&values)) {
    const std::int32_t code = words->codes[place];
    return code == Categories::missing ? std::string() : words->categories[static_cast<std::size_t>(code)];
  }
  if (const auto* numbers = std::get_if<Numbers>(&values)) {
    const double number = (*numbers)[place];
    return std::isnan(number) ? std::string() : fmt::format("{}", number);
  }
  return std::get<Texts>(values)[place];
}

const TableColumn* Table::find(std::string_view name) const {
  const auto found = std::ranges::find(columns, name, &TableColumn::name);
  return found == columns.end() ? nullptr : &*found;
}

Index missing_count(const ColumnValues& values) {
  if (const auto* words = std::get_if<Categories>(&values)) {
    return std::ranges::count(words->codes, Categories::missing);
  }
  if (const auto* numbers = std::get_if<Numbers>(&values)) {
    return std::ranges::count_if(*numbers, [](double number) { return std::isnan(number); });
  }
  return std::ranges::count_if(std::get<Texts>(values), [](const std::string& text) { return text.empty(); });
}

}  // namespace rankwise
