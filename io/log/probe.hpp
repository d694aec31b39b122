#pragma once
// Finds out from the beginning of a log file how the rest is to be read.

#include <string>
#include <vector>

#include "io/log/format.hpp"

namespace rankwise {

struct ProbedLog {
  LogLayout layout;
  std::vector<std::string> keys;  ///< json_lines: of the columns, which are numbered by them
  std::string note;               ///< "FILE: csv, user = user_id, item = book_id, value = rating"
};

/// Format, header, columns and sizes of one file. Local; throws Error (no_input, usage, bad_data, io_error) that names
/// the file.
[[nodiscard]] ProbedLog probe_log(const std::string& path, const LogOptions& options);

}  // namespace rankwise
