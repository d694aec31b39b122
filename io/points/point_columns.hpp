#pragma once
// Finds out from the beginning of a delimited text file which of its columns may be the dimensions.

#include <string>
#include <vector>

#include "io/points/point_format.hpp"
#include "io/text/text_format.hpp"

namespace rankwise {

/// How a file is to be read. Columns are numbered from 0.
struct PointLayout {
  TextLayout text;
  std::vector<int> dimensions;  ///< chosen, or, where are_chosen is false, all that may become some
  bool are_chosen = false;      ///< by the user: every field must be a number
  int id = -1;                  ///< -1: no such column
  /// Where no id column is chosen: columns that are neither chosen nor the weight, and whose names say ids.
  std::vector<int> named_ids;
  int weight = -1;
  std::vector<std::string> header;  ///< a name for every column; empty where the file has no header

  /// A column as messages call it: "column 'age'", "column 3" (from 1).
  [[nodiscard]] std::string column_text(int column) const;
};

/// Without a choice all columns but id and weight may become dimensions: all rows decide (column_facts.hpp). Local;
/// throws Error (no_input, usage, bad_data, io_error) that names the file.
[[nodiscard]] PointLayout probe_points(const PointSource& source);

}  // namespace rankwise
