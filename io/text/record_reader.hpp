#pragma once
// Records of a text file: lines cut into fields, line breaks inside quotes included, or JSON objects.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/text/field_text.hpp"
#include "io/text/json_record.hpp"
#include "io/text/line_reader.hpp"
#include "io/text/text_format.hpp"

namespace rankwise {

/// How the fields of a format are told apart.
[[nodiscard]] Dialect dialect_of(TextFormat format);

/// Reads what a LineReader gives as records of `layout`. Blank lines are no records.
class RecordReader {
 public:
  /// `layout.fields` is the most fields that a record may have if a line break lies in its quotes; 0: any number.
  /// Fields of json_lines are those of `keys`, which no other format has.
  RecordReader(LineReader lines, const TextLayout& layout, const std::vector<std::string>& keys = {})
      : lines_(std::move(lines)), splitter_(dialect_of(layout.format), layout.delimiter), most_fields_(layout.fields) {
    if (layout.format == TextFormat::json_lines) json_.emplace(keys);
  }

  /// Fields of the next record, valid until the next call; null at the end. Throws Error(bad_data, io_error) without a
  /// place.
  const std::vector<std::string_view>* next();
  /// The text of the last record, without its line end; valid as long as its fields.
  [[nodiscard]] std::string_view text() const { return text_; }
  /// As LineReader's.
  void check_unchanged() const { lines_.check_unchanged(); }

  /// The line, counted from 1 by the line reader, where the last record begins, or where reading failed.
  [[nodiscard]] Index line() const { return line_; }
  /// Lines passed so far, and where the next one begins.
  [[nodiscard]] Index lines() const { return lines_.lines(); }
  [[nodiscard]] Index offset() const { return lines_.offset(); }

 private:
  const std::vector<std::string_view>& split_whole(std::string_view record);

  LineReader lines_;
  FieldSplitter splitter_;
  std::optional<JsonRecord> json_;  // in place of splitter_
  Index most_fields_;
  Index line_ = 0;
  std::string_view text_;
};

}  // namespace rankwise
