#pragma once
// How text files of rows and fields are written down: their formats, the signs between fields and before decimals, and
// what a rank must know to find its records of one file.

#include <cstdint>
#include <string>
#include <string_view>

#include "io/text/file_kind.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

enum class TextFormat { automatic, csv, tsv, movielens, matrix_market, json_lines };
enum class HeaderRule { automatic, present, absent };

/// The sign between fields of a csv file; `automatic` is decided by the first line.
struct Delimiter {
  static constexpr char automatic = '\0';
  char sign = automatic;
};
/// The sign before the decimals of a number; `automatic` is decided by the first rows.
struct DecimalSign {
  static constexpr char automatic = '\0';
  char sign = automatic;
};

/// Throw Error(usage) that lists the known words.
[[nodiscard]] TextFormat parse_text_format(std::string_view word);
[[nodiscard]] HeaderRule parse_header_rule(std::string_view word);
/// auto, comma, semicolon, pipe, tab, or one ASCII sign that is no part of a number, a name or a line end.
[[nodiscard]] Delimiter parse_delimiter(std::string_view word);
/// auto, point or comma.
[[nodiscard]] DecimalSign parse_decimal(std::string_view word);
[[nodiscard]] std::string_view text_format_name(TextFormat format);

/// What a rank must know to find its records of one text file and their fields. Trivially copyable.
struct TextLayout {
  FileKind file;
  TextFormat format = TextFormat::csv;
  char delimiter = ',';     ///< csv and tsv
  char decimal = '.';       ///< before the decimals of numbers
  Index data_begin = 0;     ///< first byte of the first data line, as UTF-8 without packing
  Index lines_before = 0;   ///< lines before the first data line
  std::int32_t fields = 0;  ///< of every row; json_lines: wanted keys
};

/// "csv (gzip) with semicolons and decimal commas"
[[nodiscard]] std::string layout_text(const TextLayout& layout);

}  // namespace rankwise
