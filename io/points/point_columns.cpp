#include "io/points/point_columns.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <string_view>

#include "io/log/columns.hpp"
#include "io/text/text_probe.hpp"
#include "kernels/base/error.hpp"
#include "kernels/text/number_text.hpp"
#include "kernels/text/shown_text.hpp"

namespace rankwise {

namespace {

bool is_header(HeaderRule rule, const TextLayout& layout, const std::vector<std::string>& fields) {
  if (rule != HeaderRule::automatic) return rule == HeaderRule::present;
  return std::ranges::none_of(fields, [&](const std::string& field) { return may_be_number(layout, field); });
}

/// The sign before the decimals, by the first rows.
char judged_decimal(const PointSource& source, const TextLayout& text) {
  if (source.decimal.sign != DecimalSign::automatic) return source.decimal.sign;
  DecimalGuess guess;
  if (text.delimiter == ',') return guess.sign();
  RecordReader records(LineReader(source.path, text.file), text);
  try {
    for (int row = 0; row < judged_rows; ++row) {
      const std::vector<std::string_view>* const fields = records.next();
      if (fields == nullptr) break;
      for (const std::string_view field : *fields) guess.add(field);
    }
  } catch (const Error&) {  // the reading of all rows comes upon it too, and knows its line
  }
  return guess.sign();
}

/// "3-8" as the columns 2 to 7; nothing where `text` is not of this form.
std::optional<std::vector<int>> range_of(std::string_view text, int fields) {
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto number = [](std::string_view digits) { return whole_number<std::int32_t>(digits).value_or(0); };
  const int first = number(text.substr(0, dash));
  const int last = number(text.substr(dash + 1));
  if (first < 1 || last < 1) return std::nullopt;
  if (last < first || last > fields) {
    throw Error(ExitCode::usage, fmt::format("no columns {}: columns are numbered 1 to {}", text, fields));
  }
  std::vector<int> columns;
  for (int column = first; column <= last; ++column) columns.push_back(column - 1);
  return columns;
}

/// "recency,3,5-8"; a name of the header goes before a range that reads the same.
std::vector<int> chosen_columns(std::string_view text, const PointLayout& layout) {
  std::vector<int> columns;
  while (true) {
    const auto comma = text.find(',');
    const std::string piece(trimmed(text.substr(0, comma)));
    const bool is_name = std::ranges::find(layout.header, piece) != layout.header.end();
    if (const auto range = is_name ? std::nullopt : range_of(piece, layout.text.fields)) {
      columns.insert(columns.end(), range->begin(), range->end());
    } else {
      columns.push_back(find_column(piece, layout.header, layout.text.fields));
    }
    if (comma == std::string_view::npos) return columns;
    text.remove_prefix(comma + 1);
  }
}

/// A column that is asked for twice is a slip.
void check_distinct(const PointLayout& layout) {
  std::vector<int> columns = layout.dimensions;
  for (const int column : {layout.id, layout.weight}) {
    if (column >= 0) columns.push_back(column);
  }
  std::ranges::sort(columns);
  const auto twice = std::ranges::adjacent_find(columns);
  if (twice != columns.end()) {
    throw Error(ExitCode::usage, fmt::format("{} is chosen twice", layout.column_text(*twice)));
  }
}

/// All columns but id and weight.
std::vector<int> possible_columns(const PointLayout& layout) {
  std::vector<int> columns;
  for (int column = 0; column < layout.text.fields; ++column) {
    if (column != layout.id && column != layout.weight) columns.push_back(column);
  }
  return columns;
}

/// Columns whose names say ids, where none is chosen.
std::vector<int> columns_named_like_ids(const PointLayout& layout) {
  std::vector<int> columns;
  if (layout.id >= 0) return columns;
  const std::vector<int>& chosen = layout.dimensions;
  for (int column = 0; column < static_cast<int>(layout.header.size()); ++column) {
    const std::string& name = layout.header[static_cast<std::size_t>(column)];
    const bool is_id = is_id_column_name(name) || is_plain_id_name(name);
    const bool is_taken =
        column == layout.weight || (layout.are_chosen && std::ranges::find(chosen, column) != chosen.end());
    if (is_id && !is_taken) columns.push_back(column);
  }
  return columns;
}

/// `line` becomes the number of a line that cannot be read.
PointLayout probe(const PointSource& source, Index& line) {
  PointLayout layout;
  TextLayout& text = layout.text;
  text.file = probe_file(source.path);
  choose_format(text, source.path, source.format, source.delimiter);
  if (text.format == TextFormat::matrix_market) {
    throw Error(ExitCode::usage, "matrix-market entries are no rows; make a dataset of them (rankwise prepare)");
  }
  if (text.format == TextFormat::json_lines) {
    throw Error(ExitCode::usage, "JSON lines are not read here; expected CSV, TSV or another form of rows");
  }
  text.decimal = judged_decimal(source, text);
  RecordReader records(LineReader(source.path, text.file), text);
  const auto at_its_line = [&](const auto& step) {
    try {
      return step();
    } catch (const Error&) {
      line = records.line();
      throw;
    }
  };
  std::vector<std::string> first_row = at_its_line([&] { return first_fields(records); });
  text.fields = static_cast<std::int32_t>(first_row.size());
  if (is_header(source.header, text, first_row)) {
    layout.header = std::move(first_row);
    text.data_begin = records.offset();
    text.lines_before = records.lines();
    const std::vector<std::string_view>* const second = at_its_line([&] { return records.next(); });
    if (second == nullptr) throw Error(ExitCode::bad_data, "holds a header but no rows");
    first_row.assign(second->begin(), second->end());
    first_row.resize(layout.header.size());  // a row of another length is an error when it is read
  }

  if (!source.ids.empty()) layout.id = find_column(source.ids, layout.header, text.fields);
  if (!source.weights.empty()) layout.weight = find_column(source.weights, layout.header, text.fields);
  layout.are_chosen = !source.columns.empty();
  layout.dimensions = layout.are_chosen ? chosen_columns(source.columns, layout) : possible_columns(layout);
  layout.named_ids = columns_named_like_ids(layout);
  check_distinct(layout);
  return layout;
}

}  // namespace

std::string PointLayout::column_text(int column) const {
  return header.empty() ? fmt::format("column {}", column + 1)
                        : fmt::format("column {}", shown(header[static_cast<std::size_t>(column)]));
}

PointLayout probe_points(const PointSource& source) {
  Index line = 0;
  try {
    return probe(source, line);
  } catch (const Error& error) {
    const std::string place = line == 0 ? source.path : fmt::format("{}:{}", source.path, line);
    throw Error(error.code(), fmt::format("{}: {}", place, error.what()));
  }
}

}  // namespace rankwise
