#include "kernels/base/finite_rows.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>

#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

constexpr Index piece_values = Index{1} << 20;

/// Calls take(row, its numbers) for every row, in order.
template <class Take>
void for_each_row(RowRange rows, Index columns, const ReadNumbers& read, Take&& take) {
  const Index piece_rows = std::clamp<Index>(piece_values / columns, 1, std::max<Index>(1, rows.size()));
  std::vector<double> piece(static_cast<std::size_t>(piece_rows * columns));
  for (Index first = rows.begin; first < rows.end; first += piece_rows) {
    const RowRange part{first, std::min(first + piece_rows, rows.end)};
    read(part, std::span(piece).first(static_cast<std::size_t>(part.size() * columns)));
    for (Index r = part.begin; r < part.end; ++r) {
      take(r, std::span<const double>(piece).subspan(static_cast<std::size_t>((r - first) * columns),
                                                     static_cast<std::size_t>(columns)));
    }
  }
}

}  // namespace

bool is_finite_float(double value) {
  // Rounding may carry what is a little above the largest float to infinity, so the float itself is looked at.
  return std::fabs(value) < 2.0 * static_cast<double>(std::numeric_limits<float>::max()) &&
         std::isfinite(static_cast<float>(value));
}

bool is_weight(double value) {
  return is_finite_float(value) && static_cast<float>(value) > 0;
}

Matrix read_finite_rows(const std::string& path, RowRange rows, Index columns, const ReadNumbers& read) {
  Matrix values(rows.size(), columns);
  for_each_row(rows, columns, read, [&](Index row, std::span<const double> numbers) {
    const auto bad = std::ranges::find_if_not(numbers, is_finite_float);
    if (bad != numbers.end()) {
      const char* const expected =
          std::isfinite(*bad) ? "a number within the range of 32-bit floating point" : "a finite number";
      throw Error(ExitCode::bad_data, fmt::format("{}: row {}, column {}: {}: expected {}", path, row,
                                                  bad - numbers.begin(), *bad, expected));
    }
    std::ranges::transform(numbers, values.row(row - rows.begin),
                           [](double value) { return static_cast<float>(value); });
  });
  return values;
}

std::vector<float> read_weights(const std::string& path, RowRange rows, const ReadNumbers& read) {
  std::vector<float> weights;
  weights.reserve(static_cast<std::size_t>(rows.size()));
  for_each_row(rows, 1, read, [&](Index row, std::span<const double> number) {
    if (!is_weight(number.front())) {
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: row {}: weight {}: expected a finite number above 0", path, row, number.front()));
    }
    weights.push_back(static_cast<float>(number.front()));
  });
  return weights;
}

}  // namespace rankwise
