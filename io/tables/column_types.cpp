#include "io/tables/column_types.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <string_view>

#include "kernels/base/error.hpp"
#include "kernels/text/number_text.hpp"
#include "kernels/text/shown_text.hpp"
#include "kernels/text/text_encoding.hpp"

namespace rankwise {

namespace {

/// A field that a number stands for without loss: "007", "+49" and a code of 17 digits are texts.
std::optional<double> plain_number(std::string_view field, char decimal) {
  const std::optional<double> number = number_of(field, decimal);
  if (!number || !std::isfinite(*number)) return std::nullopt;
  if (field.starts_with('+')) return std::nullopt;
  const std::string_view digits = field.substr(field.starts_with('-') ? 1 : 0);
  if (digits.size() > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9') return std::nullopt;
  constexpr double whole_numbers_end = 9007199254740992.0;  // 2^53
  const bool is_whole = digits.find_first_not_of("0123456789") == std::string_view::npos;
  if (is_whole && std::abs(*number) > whole_numbers_end) return std::nullopt;
  return number;
}

/// All fields as numbers, or none.
std::optional<Numbers> plain_numbers(const Texts& fields, char decimal) {
  Numbers numbers;
  numbers.reserve(fields.size());
  for (const std::string& field : fields) {
    if (field.empty()) {
      numbers.push_back(std::numeric_limits<double>::quiet_NaN());
    } else if (const std::optional<double> number = plain_number(field, decimal)) {
      numbers.push_back(*number);
    } else {
      return std::nullopt;
    }
  }
  return numbers;
}

std::optional<Numbers> plain_numbers(const ColumnFields& column) {
  std::optional<Numbers> numbers = plain_numbers(column.fields, '.');
  if (!numbers && column.may_have_decimal_commas) numbers = plain_numbers(column.fields, ',');
  return numbers;
}

/// As somebody wants them.
Numbers forced_numbers(const ColumnFields& column, const std::vector<Index>& lines) {
  const auto is_number_with = [&](char decimal) {
    return std::ranges::all_of(column.fields, [&](const std::string& field) {
      const std::optional<double> number = number_of(field, decimal);
      return field.empty() || (number && std::isfinite(*number));
    });
  };
  const char decimal = column.may_have_decimal_commas && !is_number_with('.') && is_number_with(',') ? ',' : '.';
  Numbers numbers;
  for (std::size_t row = 0; row < column.fields.size(); ++row) {
    const std::string& field = column.fields[row];
    const std::optional<double> number =
        field.empty() ? std::numeric_limits<double>::quiet_NaN() : number_of(field, decimal);
    if (!number || (!field.empty() && !std::isfinite(*number))) {
      throw Error(ExitCode::bad_data, fmt::format("line {}: {} is {}, expected a finite number", lines[row],
                                                  printable(column.name), shown(field)));
    }
    numbers.push_back(*number);
  }
  return numbers;
}

/// The different texts that are there, ascending.
std::vector<std::string_view> distinct(const Texts& fields) {
  std::vector<std::string_view> words;
  for (const std::string& field : fields) {
    if (!field.empty()) words.push_back(field);
  }
  std::ranges::sort(words);
  words.erase(std::unique(words.begin(), words.end()), words.end());
  return words;
}

Categories categories_of(const Texts& fields, const std::vector<std::string_view>& words) {
  Categories categories;
  categories.categories.assign(words.begin(), words.end());
  for (const std::string& field : fields) {
    const auto place = std::ranges::lower_bound(words, field) - words.begin();
    categories.codes.push_back(field.empty() ? Categories::missing : static_cast<std::int32_t>(place));
  }
  return categories;
}

}  // namespace

TableColumn typed_column(ColumnFields column, const std::vector<Index>& lines, std::optional<ColumnType> type) {
  if (type == ColumnType::number) return {column.name, forced_numbers(column, lines)};
  if (!type) {
    if (std::optional<Numbers> numbers = plain_numbers(column)) return {column.name, std::move(*numbers)};
  }
  if (type != ColumnType::text) {
    const std::vector<std::string_view> words = distinct(column.fields);
    const auto filled = static_cast<std::size_t>(
        std::ranges::count_if(column.fields, [](const std::string& field) { return !field.empty(); }));
    if (type == ColumnType::category || 2 * words.size() <= filled) {
      return {column.name, categories_of(column.fields, words)};
    }
  }
  return {column.name, std::move(column.fields)};
}

}  // namespace rankwise
