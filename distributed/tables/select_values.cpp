#include "distributed/tables/select_values.hpp"

#include <limits>

namespace rankwise {

namespace {

template <class Value>
std::vector<Value> selected(const std::vector<Value>& values, std::span<const Index> rows, const Value& missing) {
  std::vector<Value> chosen;
  chosen.reserve(rows.size());
  for (const Index row : rows) chosen.push_back(row < 0 ? missing : values[static_cast<std::size_t>(row)]);
  return chosen;
}

}  // namespace

ColumnValues select_values(const ColumnValues& values, std::span<const Index> rows) {
  if (const auto* words = std::get_if<Categories>(&values)) {
    return Categories{selected(words->codes, rows, std::int32_t{Categories::missing}), words->categories};
  }
  if (const auto* numbers = std::get_if<Numbers>(&values)) {
    return selected(*numbers, rows, std::numeric_limits<double>::quiet_NaN());
  }
  return selected(std::get<Texts>(values), rows, std::string());
}

}  // namespace rankwise
