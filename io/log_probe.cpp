#include "io/log_probe.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <optional>

#include "io/line_reader.hpp"
#include "io/log_columns.hpp"
#include "kernels/error.hpp"

namespace rankwise {

namespace {
constexpr std::string_view matrix_market_banner = "%%MatrixMarket";

bool has_suffix(std::string_view path, std::string_view suffix) {
  if (path.ends_with(".gz")) path.remove_suffix(3);
  return path.ends_with(suffix);
}

bool is_column_number(const std::string& text, std::size_t fields) {
  std::size_t number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, status] = std::from_chars(text.data(), last, number);
  return status == std::errc() && end == last && number >= 1 && number <= fields;
}

/// Does the first line name the columns? Unless the user says so, it does when it holds no number and either names are
/// wanted, or it cannot be a row, or its words are usual column names.
bool is_header(const LogOptions& options, const std::vector<std::string>& fields) {
  if (options.header != HeaderRule::automatic) return options.header == HeaderRule::present;
  if (std::any_of(fields.begin(), fields.end(), [](const std::string& field) { return is_number(field); }))
    return false;
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
                     [&](const std::string& column) { return !is_number(field_of(column)); }) ||
         (!choice.time.empty() && !is_time(field_of(choice.time))) ||
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
    return header.empty() ? fmt::format("column {}", column + 1) : header[static_cast<std::size_t>(column)];
  };
  const ColumnNumbers& columns = layout.columns;
  std::string text =
      fmt::format("{}{}{}, user = {}, item = {}", log_format_name(layout.format), layout.gzip != 0 ? " (gzip)" : "",
                  header.empty() ? " without header" : "", name(columns.user), name(columns.item));
  for (int factor = 0; factor < columns.value_factors; ++factor) {
    text +=
        fmt::format("{}{}", factor == 0 ? ", value = " : " * ", name(columns.value[static_cast<std::size_t>(factor)]));
  }
  if (columns.value_factors == 0) text += ", each row counts 1";
  if (columns.time >= 0) text += fmt::format(", time = {}", name(columns.time));
  if (columns.fold >= 0) text += fmt::format(", fold = {}", name(columns.fold));
  return text;
}

std::string probe_delimited(LineReader& reader, const std::string& first_line, const LogOptions& options,
                            FileLayout& layout) {
  FieldSplitter splitter(dialect_of(layout.format));
  const auto& views = splitter.split(first_line);
  std::vector<std::string> fields;
  fields.reserve(views.size());
  for (const std::string_view view : views) fields.emplace_back(trimmed(view));
  layout.fields = static_cast<std::int32_t>(fields.size());

  std::vector<std::string> header;
  if (is_header(options, fields)) {
    header = fields;
    layout.data_begin = reader.offset();
    layout.lines_before = reader.lines();
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
  if (!header.empty() && !next_filled_line(reader)) {
    throw Error(ExitCode::bad_data, "holds a header but no rows");
  }
  return describe(layout, header);
}

/// "%%MatrixMarket matrix coordinate real|integer|pattern general", comments, then "rows columns entries".
std::string probe_matrix_market(LineReader& reader, const std::string& first_line, FileLayout& layout) {
  FieldSplitter splitter(Dialect::blanks);
  std::vector<std::string> words;
  for (const std::string_view word : splitter.split(first_line)) {
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

  std::optional<std::string_view> size_line = next_filled_line(reader);
  while (size_line && size_line->starts_with('%')) size_line = next_filled_line(reader);
  if (!size_line) throw Error(ExitCode::bad_data, "ends before its size line");
  std::vector<Index> sizes;
  for (const std::string_view word : splitter.split(*size_line)) {
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
  layout.data_begin = reader.offset();
  layout.lines_before = reader.lines();
  return fmt::format("{}{} {}, {} x {}, {} entries, user = row, item = column", log_format_name(layout.format),
                     layout.gzip != 0 ? " (gzip)" : "", words[3], sizes[0], sizes[1], sizes[2]);
}
}  // namespace

LogFormat detect_format(const std::string& path, std::string_view first_line) {
  if (first_line.starts_with(matrix_market_banner)) return LogFormat::matrix_market;
  if (first_line.find('\t') != std::string_view::npos) return LogFormat::tsv;
  if (first_line.find("::") != std::string_view::npos) return LogFormat::movielens;
  if (first_line.find(',') != std::string_view::npos) return LogFormat::csv;
  if (has_suffix(path, ".csv")) return LogFormat::csv;
  if (has_suffix(path, ".tsv")) return LogFormat::tsv;
  if (has_suffix(path, ".mtx")) return LogFormat::matrix_market;
  throw Error(ExitCode::bad_data,
              "format not recognised: no comma, tab, '::' or %%MatrixMarket in the first line; say --format");
}

std::optional<std::string_view> next_filled_line(LineReader& reader) {
  while (auto line = reader.next()) {
    if (!trimmed(*line).empty()) return line;
  }
  return std::nullopt;
}

Dialect dialect_of(LogFormat format) {
  switch (format) {
    case LogFormat::tsv:
      return Dialect::tab;
    case LogFormat::movielens:
      return Dialect::double_colon;
    case LogFormat::matrix_market:
      return Dialect::blanks;
    case LogFormat::automatic:
    case LogFormat::csv:
      break;
  }
  return Dialect::comma;
}

ProbedLog probe_log(const std::string& path, const LogOptions& options) {
  try {
    ProbedLog log;
    const FileKind kind = probe_file(path);
    log.layout.file_bytes = kind.bytes;
    log.layout.gzip = kind.gzip ? 1 : 0;
    log.layout.line_end = kind.line_end;
    LineReader reader(path, kind);
    const std::optional<std::string_view> first = next_filled_line(reader);
    if (!first) throw Error(ExitCode::bad_data, "is empty");
    const std::string first_line(*first);
    log.layout.format = options.format == LogFormat::automatic ? detect_format(path, first_line) : options.format;
    if (log.layout.format == LogFormat::matrix_market) {
      if (options.columns) throw Error(ExitCode::usage, "a matrix-market file has no columns for --columns to choose");
      log.note = probe_matrix_market(reader, first_line, log.layout);
    } else {
      log.note = probe_delimited(reader, first_line, options, log.layout);
    }
    log.note = fmt::format("{}: {}", path, log.note);
    return log;
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("{}: {}", path, error.what()));
  }
}

}  // namespace rankwise
