#include "io/text/text_probe.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>

#include "io/text/line_reader.hpp"
#include "kernels/base/error.hpp"
#include "kernels/text/number_text.hpp"
#include "kernels/text/shown_text.hpp"

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

TextFormat detect_format(const std::string& path, std::string_view first_line) {
  if (trimmed(first_line).starts_with('{')) return TextFormat::json_lines;
  const std::string_view list = trimmed(first_line).substr(first_line.starts_with('[') ? 1 : 0);
  if (first_line.starts_with('[') && (list.empty() || trimmed(list).starts_with('{'))) {
    throw Error(ExitCode::bad_data, "is a JSON list; expected one object on each line (jq -c '.[]' FILE)");
  }
  if (first_line.starts_with(matrix_market_banner)) return TextFormat::matrix_market;
  const std::string line = unquoted_part(first_line);
  const auto count = [&](char sign) { return std::ranges::count(line, sign); };
  if (count('\t') > 0 && count('\t') >= std::max({count(','), count(';'), count('|')})) return TextFormat::tsv;
  if (is_movielens(line)) return TextFormat::movielens;
  if (first_line.find_first_of(",;|\t") != std::string_view::npos) return TextFormat::csv;
  if (line.find("::") != std::string::npos) return TextFormat::movielens;
  if (has_suffix(path, ".csv")) return TextFormat::csv;
  if (has_suffix(path, ".tsv")) return TextFormat::tsv;
  if (has_suffix(path, ".mtx")) return TextFormat::matrix_market;
  throw Error(ExitCode::bad_data,
              "format not recognised: no comma, semicolon, pipe, tab, '::' or %%MatrixMarket in the first line, and no "
              "'{' in front; say "
              "--format or --delimiter");
}
}  // namespace

void choose_format(TextLayout& layout, const std::string& path, TextFormat format, Delimiter delimiter) {
  const std::string line = first_line(path, layout.file);
  if (format == TextFormat::automatic && delimiter.sign == Delimiter::automatic) {
    layout.format = detect_format(path, line);
  } else if (format == TextFormat::automatic) {
    layout.format = delimiter.sign == '\t' ? TextFormat::tsv : TextFormat::csv;
  } else {
    layout.format = format;
  }
  if (layout.format == TextFormat::tsv) layout.delimiter = '\t';
  if (layout.format == TextFormat::csv) {
    layout.delimiter = delimiter.sign == Delimiter::automatic ? detect_delimiter(line) : delimiter.sign;
  } else if (delimiter.sign != Delimiter::automatic &&
             delimiter.sign != (layout.format == TextFormat::tsv ? '\t' : '\0')) {
    throw Error(ExitCode::usage,
                fmt::format("--delimiter is for csv files, and this is {}", text_format_name(layout.format)));
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

}  // namespace rankwise
