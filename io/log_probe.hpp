#pragma once
// Finds out from the beginning of a log file how the rest is to be read.

#include <optional>
#include <string>
#include <string_view>

#include "io/field_text.hpp"
#include "io/line_reader.hpp"
#include "io/log_format.hpp"

namespace rankwise {

/// How the fields of a format are told apart.
[[nodiscard]] Dialect dialect_of(LogFormat format);

/// The format that the first line that is not blank, else the file's name, tells. Throws Error(bad_data) without the
/// file's name.
[[nodiscard]] LogFormat detect_format(const std::string& path, std::string_view first_line);

/// The next line that is not blank.
[[nodiscard]] std::optional<std::string_view> next_filled_line(LineReader& reader);

struct ProbedLog {
  FileLayout layout;
  std::string note;  ///< "FILE: csv, user = user_id, item = book_id, value = rating"
};

/// Format, header, columns and sizes of one file. Local; throws Error (no_input, usage, bad_data, io_error) that names
/// the file.
[[nodiscard]] ProbedLog probe_log(const std::string& path, const LogOptions& options);

}  // namespace rankwise
