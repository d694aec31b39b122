#pragma once
// Finds out from the beginning of a delimited text file which of its columns are the dimensions.

#include <string>
#include <vector>

#include "io/log_format.hpp"
#include "io/point_format.hpp"

namespace rankwise {

/// How a file is to be read. Columns are numbered from 0.
struct PointLayout {
  TextLayout text;
  std::vector<int> dimensions;
  int id = -1;  ///< -1: no such column
  int weight = -1;
  std::vector<std::string> header;  ///< a name for every column; empty where the file has no header

  /// A column as messages call it: "column 'age'", "column 3" (from 1).
  [[nodiscard]] std::string column_text(int column) const;
};

/// Without a choice the dimensions are all columns but id and weight that hold a number, or nothing, in the first row.
/// Local; throws Error (no_input, usage, bad_data, io_error) that names the file.
[[nodiscard]] PointLayout probe_points(const PointSource& source);

}  // namespace rankwise
