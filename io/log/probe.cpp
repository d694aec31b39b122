#include "io/log/probe.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <span>

#include "io/log/columns.hpp"
#include "io/log/row_parser.hpp"
#include "io/text/json_record.hpp"
#include "io/text/line_reader.hpp"
#include "io/text/record_reader.hpp"
#include "io/text/text_probe.hpp"
#include "io/text/time_text.hpp"
#include "kernels/base/error.hpp"
#include "kernels/text/number_text.hpp"
#include "kernels/text/shown_text.hpp"
#include "kernels/text/text_encoding.hpp"

namespace rankwise {

namespace {
/// The number of a column, from 1.
std::optional<std::size_t> column_number(const std::string& text, std::size_t fields) {
  return whole_number<std::size_t>(text, 1, fields);
}

bool may_be_time(const LogOptions& options, const std::string& field) {
  TimeGuess guess;
  guess.add(field);
  return TimeReader(options.time.form.value_or(guess.form()), options.time.pattern).reads(field);
}

/// Does the first line name the columns? Unless the user says so, it does when it holds no number and either names are
/// wanted, or it cannot be a row, or its words are usual column names.
bool is_header(const LogOptions& options, const TextLayout& layout, const std::vector<std::string>& fields) {
  if (options.header != HeaderRule::automatic) return options.header == HeaderRule::present;
  if (std::ranges::any_of(fields, [&](const std::string& field) { return may_be_number(layout, field); })) return false;
  if (!options.columns) return true;
  const ColumnChoice& choice = *options.columns;
  std::vector<std::string> numeric = choice.value;
  if (!choice.time.empty()) numeric.push_back(choice.time);
  std::vector<std::string> wanted = numeric;
  wanted.push_back(choice.user);
  wanted.push_back(choice.item);
  if (!std::all_of(wanted.begin(), wanted.end(),
                   [&](const std::string& column) { return column_number(column, fields.size()).has_value(); })) {
    return true;
  }
  const auto field_of = [&](const std::string& column) -> const std::string& {
    return fields[*column_number(column, fields.size()) - 1];
  };
  return std::any_of(choice.value.begin(), choice.value.end(),
                     [&](const std::string& column) { return !may_be_number(layout, field_of(column)); }) ||
         (!choice.time.empty() && !may_be_time(options, field_of(choice.time))) ||
         std::any_of(fields.begin(), fields.end(), is_common_column_name);
}

ColumnNumbers movielens_columns(std::size_t fields) {
  if (fields < 3 || fields > 4) {
    throw Error(ExitCode::bad_data, fmt::format("expected user::item::rating[::time], found {} fields", fields));
  }
  ColumnNumbers columns;
  columns.user = 0;
  columns.item = 1;
  columns.value_factors = 1;
  columns.value[0] = 2;
  columns.time = fields == 4 ? 3 : -1;
  return columns;
}

std::string describe(const LogLayout& layout, const std::vector<std::string>& header) {
  const auto name = [&](int column) {
    return header.empty() ? fmt::format("column {}", column + 1) : printable(header[static_cast<std::size_t>(column)]);
  };
  const ColumnNumbers& columns = layout.columns;
  std::string text = fmt::format("{}{}, user = {}, item = {}", layout_text(layout),
                                 header.empty() ? " without header" : "", name(columns.user), name(columns.item));
  for (int factor = 0; factor < columns.value_factors; ++factor) {
    text +=
        fmt::format("{}{}", factor == 0 ? ", value = " : " * ", name(columns.value[static_cast<std::size_t>(factor)]));
  }
  if (columns.value_factors == 0) text += ", each row counts 1";
  if (columns.time >= 0) {
    const std::string_view form = time_form_text(layout.time);
    text += fmt::format(", time = {}{}", name(columns.time), form.empty() ? "" : fmt::format(" ({})", form));
  }
  if (columns.fold >= 0) text += fmt::format(", fold = {}", name(columns.fold));
  if (columns.split >= 0) text += fmt::format(", split = {}", name(columns.split));
  if (columns.order >= 0) text += fmt::format(", order = {}", name(columns.order));
  if (columns.event >= 0) text += fmt::format(", event = {}", name(columns.event));
  if (columns.quantity >= 0) text += fmt::format(", quantity = {}", name(columns.quantity));
  return text;
}

/// The columns' names as a note may show them: what is taken for a header may be a row of secrets.
std::vector<std::string> told_names(const LogOptions& options, const std::vector<std::string>& header) {
  if (options.quoting == Quoting::shown || options.header == HeaderRule::present || !options.columns) return header;
  std::vector<std::string> names;
  for (std::size_t column = 1; column <= header.size(); ++column) names.push_back(fmt::format("column {}", column));
  return names;
}

/// What the first rows say of numbers and times; false when there is no row.
bool judge_rows(RecordReader& records, std::span<const std::string> first_row, const LogOptions& options,
                LogLayout& layout) {
  DecimalGuess decimals;
  TimeGuess times;
  const auto judge = [&](const auto& fields) {
    const auto time = static_cast<std::size_t>(std::max(layout.columns.time, 0));
    if (layout.columns.time >= 0 && time < fields.size() && !options.missing_values.holds(fields[time])) {
      times.add(fields[time]);
    }
    for (int factor = 0; factor < layout.columns.value_factors; ++factor) {
      const auto column = static_cast<std::size_t>(layout.columns.value[static_cast<std::size_t>(factor)]);
      if (column < fields.size()) decimals.add(fields[column]);
    }
  };
  bool any_row = !first_row.empty();
  try {
    judge(first_row);
    for (int row = 0; row < judged_rows; ++row) {
      const std::vector<std::string_view>* const fields = records.next();
      if (fields == nullptr) break;
      any_row = true;
      judge(*fields);
    }
  } catch (const Error&) {
    any_row = true;  // the reading of all rows comes upon it too, and knows its line
  }
  if (options.decimal.sign == DecimalSign::automatic && layout.delimiter != ',') layout.decimal = decimals.sign();
  if (layout.columns.time >= 0) layout.time = options.time.form.value_or(times.form());
  return any_row;
}

std::string probe_delimited(const std::string& path, const LogOptions& options, LogLayout& layout) {
  if (options.decimal.sign != DecimalSign::automatic) layout.decimal = options.decimal.sign;
  RecordReader records(LineReader(path, layout.file), layout);
  const std::vector<std::string> fields = first_fields(records);
  layout.fields = static_cast<std::int32_t>(fields.size());

  std::vector<std::string> header;
  if (is_header(options, layout, fields)) {
    header = fields;
    layout.data_begin = records.offset();
    layout.lines_before = records.lines();
  }
  if (options.columns) {
    layout.columns = find_columns(*options.columns, header, layout.fields);
  } else if (layout.format == TextFormat::movielens) {
    layout.columns = movielens_columns(fields.size());
  } else if (header.empty()) {
    throw Error(ExitCode::usage, "has no header: say --columns user=1,item=2,value=3,time=4 or the like");
  } else {
    layout.columns = guess_columns(header);
  }
  if (options.filter.condition)
    find_condition_columns(*options.filter.condition, header, layout.fields, layout.columns);
  if (!header.empty()) {
    const std::vector<std::string_view> names(header.begin(), header.end());
    layout.header = mark_of(names, layout.columns);
  }
  if (!judge_rows(records, header.empty() ? std::span(fields) : std::span<const std::string>(), options, layout)) {
    throw Error(ExitCode::bad_data, "holds a header but no rows");
  }
  return describe(layout, told_names(options, header));
}

/// The keys of the first rows, in the order in which they come.
std::vector<std::string> first_keys(const std::string& path, const LogLayout& layout) {
  std::vector<std::string> keys;
  LineReader lines(path, layout.file);
  try {
    for (int row = 0; row < judged_rows;) {
      const std::optional<std::string_view> line = lines.next();
      if (!line) break;
      if (trimmed(*line).empty()) continue;
      add_json_keys(*line, keys);
      ++row;
    }
  } catch (const Error& error) {  // unless it is the first row, the reading of all rows comes upon it too
    if (keys.empty()) throw Error(error.code(), fmt::format("line {}: {}", lines.lines(), error.what()));
  }
  return keys;
}

std::string probe_json_lines(const std::string& path, const LogOptions& options, ProbedLog& log) {
  if (options.header != HeaderRule::automatic)
    throw Error(ExitCode::usage, "has no header: --header is for csv and tsv");
  LogLayout& layout = log.layout;
  if (options.decimal.sign != DecimalSign::automatic) layout.decimal = options.decimal.sign;
  const std::vector<std::string> known = first_keys(path, layout);
  if (known.empty()) throw Error(ExitCode::bad_data, "its first rows have no keys");
  layout.columns = options.columns ? find_columns(*options.columns, known, 0) : guess_columns(known);
  if (options.filter.condition) find_condition_columns(*options.filter.condition, known, 0, layout.columns);
  for_each_column(layout.columns, [&](int& column) {
    const std::string& key = known[static_cast<std::size_t>(column)];
    const auto place = std::ranges::find(log.keys, key);
    column = static_cast<int>(place - log.keys.begin());
    if (place == log.keys.end()) log.keys.push_back(key);
  });
  layout.fields = static_cast<std::int32_t>(log.keys.size());
  RecordReader records(LineReader(path, layout.file), layout, log.keys);
  judge_rows(records, {}, options, layout);
  return describe(layout, log.keys);
}

/// real, integer or pattern, from "%%MatrixMarket matrix coordinate real|integer|pattern general".
std::string matrix_market_values(RecordReader& records) {
  std::vector<std::string> words;
  for (const std::string_view word : first_fields(records)) {
    std::string& lower = words.emplace_back(word);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  }
  const auto is_one_of = [&](std::size_t i, std::initializer_list<std::string_view> known) {
    return i < words.size() && std::find(known.begin(), known.end(), words[i]) != known.end();
  };
  if (!is_one_of(0, {"%%matrixmarket"}) || !is_one_of(1, {"matrix"}) || !is_one_of(2, {"coordinate"}) ||
      !is_one_of(3, {"real", "integer", "pattern"}) || !is_one_of(4, {"general"}) || words.size() != 5) {
    throw Error(ExitCode::bad_data,
                "expected '%%MatrixMarket matrix coordinate real|integer|pattern general' as the first line");
  }
  return words[3];
}

/// Rows, columns and entries: the line after the comments.
std::array<Index, 3> matrix_market_sizes(RecordReader& records) {
  const std::vector<std::string_view>* size_words = records.next();
  while (size_words != nullptr && size_words->front().starts_with('%')) size_words = records.next();
  if (size_words == nullptr) throw Error(ExitCode::bad_data, "ends before its size line");
  std::array<Index, 3> sizes{-1, -1, -1};
  if (size_words->size() == sizes.size()) {
    std::ranges::transform(*size_words, sizes.begin(),
                           [](std::string_view word) { return whole_number<Index>(word).value_or(-1); });
  }
  if (std::ranges::min(sizes) < 0) {
    throw Error(ExitCode::bad_data, "expected the size line 'rows columns entries', three numbers of at least 0");
  }
  return sizes;
}

std::string probe_matrix_market(const std::string& path, LogLayout& layout) {
  RecordReader records(LineReader(path, layout.file), layout);
  const std::string values = matrix_market_values(records);
  const bool pattern = values == "pattern";
  layout.fields = pattern ? 2 : 3;
  layout.columns.user = 0;
  layout.columns.item = 1;
  layout.columns.value_factors = pattern ? 0 : 1;
  layout.columns.value[0] = 2;

  const std::array<Index, 3> sizes = matrix_market_sizes(records);
  layout.matrix_rows = sizes[0];
  layout.matrix_columns = sizes[1];
  layout.matrix_entries = sizes[2];
  if (layout.matrix_entries == 0) throw Error(ExitCode::bad_data, "the matrix has no entries");
  layout.data_begin = records.offset();
  layout.lines_before = records.lines();
  return fmt::format("{} {}, {} x {}, {} entries, user = row, item = column", layout_text(layout), values, sizes[0],
                     sizes[1], sizes[2]);
}
}  // namespace

ProbedLog probe_log(const std::string& path, const LogOptions& options) {
  try {
    ProbedLog log;
    log.layout.file = probe_file(path);
    choose_format(log.layout, path, options.format, options.delimiter);
    if (log.layout.format == TextFormat::matrix_market) {
      if (options.columns) throw Error(ExitCode::usage, "a matrix-market file has no columns for --columns to choose");
      if (options.filter.condition) throw Error(ExitCode::usage, "a matrix-market file has no columns for a condition");
      log.note = probe_matrix_market(path, log.layout);
    } else if (log.layout.format == TextFormat::json_lines) {
      log.note = probe_json_lines(path, options, log);
    } else {
      log.note = probe_delimited(path, options, log.layout);
    }
    log.note = fmt::format("{}: {}", path, log.note);
    return log;
  } catch (const Error& error) {
    // What is taken for a header may be a row.
    const Quoting quoting = options.header == HeaderRule::present ? Quoting::shown : options.quoting;
    if (quoting == Quoting::hidden && error.code() == ExitCode::usage) {
      throw Error(error.code(),
                  fmt::format("{}: the first line does not fit the options; say which columns are what by "
                              "--columns, or --header present to see the fault in full",
                              path));
    }
    throw Error(error.code(), fmt::format("{}: {}", path, told(error, quoting).what()));
  }
}

}  // namespace rankwise
