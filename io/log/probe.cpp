#include "io/log/probe.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <span>

#include "io/log/columns.hpp"
#include "io/log/row_parser.hpp"
#include "io/text/line_reader.hpp"
#include "io/text/time_text.hpp"
#include "kernels/base/error.hpp"
#include "kernels/text/number_text.hpp"
#include "kernels/text/shown_text.hpp"
#include "kernels/text/text_encoding.hpp"

namespace rankwise {

namespace {
constexpr std::string_view matrix_market_banner = "%%MatrixMarket";

bool has_suffix(std::string_view path, std::string_view suffix) {
  if (path.ends_with(".gz")) path.remove_suffix(3);
  if (path.ends_with(".zst")) path.remove_suffix(4);
  return path.ends_with(suffix);
}

std::string first_line(const std::string& path, const FileKind& kind) {
  LineReader lines(path, kind);
  while (const auto line = lines.next()) {
    if (!trimmed(*line).empty()) return std::string(*line);
  }
  throw Error(ExitCode::bad_data, "is empty");
}

/// A line without what stands in quotes.
std::string unquoted_part(std::string_view line) {
  std::string part;
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') quoted = !quoted;
    if (!quoted) part += c;
  }
  return part;
}

/// Whether every comma of the line lies between two digits, at most one in a field between `delimiter`s.
bool commas_are_decimal(std::string_view line, char delimiter) {
  const auto is_digit = [&](std::size_t i) { return i < line.size() && line[i] >= '0' && line[i] <= '9'; };
  bool comma_in_field = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == delimiter) comma_in_field = false;
    if (line[i] != ',') continue;
    if (comma_in_field || i == 0 || !is_digit(i - 1) || !is_digit(i + 1)) return false;
    comma_in_field = true;
  }
  return true;
}

/// The sign that divides the fields of a csv file: the most frequent one of its first line, commas if none is.
char detect_delimiter(std::string_view first_line) {
  const std::string line = unquoted_part(first_line);
  char best = ',';
  auto most = std::ranges::count(line, ',');
  for (const char sign : {';', '|', '\t'}) {
    const auto count = std::ranges::count(line, sign);
    const bool beats_commas = best == ',' && count > 0 && commas_are_decimal(line, sign);
    if (count > most || beats_commas) {
      best = sign;
      most = count;
    }
  }
  return best;
}

/// Whether a line, without what stands in quotes, has the three or four fields of user::item::rating[::time].
bool is_movielens(std::string_view line) {
  std::ptrdiff_t signs = 0;
  for (auto at = line.find("::"); at != std::string_view::npos; at = line.find("::", at + 2)) ++signs;
  return (signs == 2 || signs == 3) && signs > std::ranges::count(line, ',');
}

LogFormat detect_format(const std::string& path, std::string_view first_line) {
  if (first_line.starts_with(matrix_market_banner)) return LogFormat::matrix_market;
  const std::string line = unquoted_part(first_line);
  const auto count = [&](char sign) { return std::ranges::count(line, sign); };
  if (count('\t') > 0 && count('\t') >= std::max({count(','), count(';'), count('|')})) return LogFormat::tsv;
  if (is_movielens(line)) return LogFormat::movielens;
  if (first_line.find_first_of(",;|\t") != std::string_view::npos) return LogFormat::csv;
  if (line.find("::") != std::string::npos) return LogFormat::movielens;
  if (has_suffix(path, ".csv")) return LogFormat::csv;
  if (has_suffix(path, ".tsv")) return LogFormat::tsv;
  if (has_suffix(path, ".mtx")) return LogFormat::matrix_market;
  throw Error(ExitCode::bad_data,
              "format not recognised: no comma, semicolon, pipe, tab, '::' or %%MatrixMarket in the first line; say "
              "--format or --delimiter");
}

bool is_column_number(const std::string& text, std::size_t fields) {
  std::size_t number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, status] = std::from_chars(text.data(), last, number);
  return status == std::errc() && end == last && number >= 1 && number <= fields;
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
                   [&](const std::string& column) { return is_column_number(column, fields.size()); })) {
    return true;
  }
  const auto field_of = [&](const std::string& number) -> const std::string& { return fields[std::stoul(number) - 1]; };
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

std::string describe(const FileLayout& layout, const std::vector<std::string>& header) {
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
  return text;
}

/// What the first rows say of numbers and times; false when there is no row.
bool judge_rows(RecordReader& records, std::span<const std::string> first_row, const LogOptions& options,
                FileLayout& layout) {
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

std::string probe_delimited(const std::string& path, const LogOptions& options, FileLayout& layout) {
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
  } else if (layout.format == LogFormat::movielens) {
    layout.columns = movielens_columns(fields.size());
  } else if (header.empty()) {
    throw Error(ExitCode::usage, "has no header: say --columns user=1,item=2,value=3,time=4 or the like");
  } else {
    layout.columns = guess_columns(header);
  }
  if (!header.empty()) {
    const std::vector<std::string_view> names(header.begin(), header.end());
    layout.header = mark_of(names, layout.columns);
  }
  if (!judge_rows(records, header.empty() ? std::span(fields) : std::span<const std::string>(), options, layout)) {
    throw Error(ExitCode::bad_data, "holds a header but no rows");
  }
  return describe(layout, header);
}

/// "%%MatrixMarket matrix coordinate real|integer|pattern general", comments, then "rows columns entries".
std::string probe_matrix_market(const std::string& path, FileLayout& layout) {
  RecordReader records(LineReader(path, layout.file), layout);
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
  const bool pattern = words[3] == "pattern";
  layout.fields = pattern ? 2 : 3;
  layout.columns.user = 0;
  layout.columns.item = 1;
  layout.columns.value_factors = pattern ? 0 : 1;
  layout.columns.value[0] = 2;

  const std::vector<std::string_view>* size_words = records.next();
  while (size_words != nullptr && size_words->front().starts_with('%')) size_words = records.next();
  if (size_words == nullptr) throw Error(ExitCode::bad_data, "ends before its size line");
  std::vector<Index> sizes;
  for (const std::string_view word : *size_words) {
    Index& size = sizes.emplace_back(-1);
    const auto [end, status] = std::from_chars(word.data(), word.data() + word.size(), size);
    if (status != std::errc() || end != word.data() + word.size()) size = -1;
  }
  if (sizes.size() != 3 || *std::min_element(sizes.begin(), sizes.end()) < 0) {
    throw Error(ExitCode::bad_data, "expected the size line 'rows columns entries', three numbers of at least 0");
  }
  layout.matrix_rows = sizes[0];
  layout.matrix_columns = sizes[1];
  layout.matrix_entries = sizes[2];
  if (layout.matrix_entries == 0) throw Error(ExitCode::bad_data, "the matrix has no entries");
  layout.data_begin = records.offset();
  layout.lines_before = records.lines();
  return fmt::format("{} {}, {} x {}, {} entries, user = row, item = column", layout_text(layout), words[3], sizes[0],
                     sizes[1], sizes[2]);
}
}  // namespace

void choose_format(TextLayout& layout, const std::string& path, LogFormat format, Delimiter delimiter) {
  const std::string line = first_line(path, layout.file);
  if (format == LogFormat::automatic && delimiter.sign == Delimiter::automatic) {
    layout.format = detect_format(path, line);
  } else if (format == LogFormat::automatic) {
    layout.format = delimiter.sign == '\t' ? LogFormat::tsv : LogFormat::csv;
  } else {
    layout.format = format;
  }
  if (layout.format == LogFormat::tsv) layout.delimiter = '\t';
  if (layout.format == LogFormat::csv) {
    layout.delimiter = delimiter.sign == Delimiter::automatic ? detect_delimiter(line) : delimiter.sign;
  } else if (delimiter.sign != Delimiter::automatic &&
             delimiter.sign != (layout.format == LogFormat::tsv ? '\t' : '\0')) {
    throw Error(ExitCode::usage,
                fmt::format("--delimiter is for csv files, and this is {}", log_format_name(layout.format)));
  }
}

std::vector<std::string> first_fields(RecordReader& records) {
  const std::vector<std::string_view>* const views = records.next();
  if (views == nullptr) throw Error(ExitCode::bad_data, "is empty");
  std::vector<std::string> fields;
  fields.reserve(views->size());
  for (const std::string_view view : *views) fields.emplace_back(trimmed(view));
  return fields;
}

bool may_be_number(const TextLayout& layout, std::string_view field) {
  return is_number(field) || ((layout.delimiter != ',' || layout.decimal == ',') && number_of(field, ','));
}

void DecimalGuess::add(std::string_view field) {
  const auto holds = [&](char sign) { return field.find(sign) != std::string_view::npos && number_of(field, sign); };
  commas_ = commas_ || holds(',');
  points_ = points_ || holds('.');
}

ProbedLog probe_log(const std::string& path, const LogOptions& options) {
  try {
    ProbedLog log;
    log.layout.file = probe_file(path);
    choose_format(log.layout, path, options.format, options.delimiter);
    if (log.layout.format == LogFormat::matrix_market) {
      if (options.columns) throw Error(ExitCode::usage, "a matrix-market file has no columns for --columns to choose");
      log.note = probe_matrix_market(path, log.layout);
    } else {
      log.note = probe_delimited(path, options, log.layout);
    }
    log.note = fmt::format("{}: {}", path, log.note);
    return log;
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("{}: {}", path, error.what()));
  }
}

}  // namespace rankwise
