#include "distributed/tables/table.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace rankwise {

std::string_view column_type_name(ColumnType type) {
  constexpr std::array<std::string_view, 3> names{"category", "number", "text"};
  return names[static_cast<std::size_t>(type)];
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
