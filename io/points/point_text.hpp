#pragma once
// Columns of a delimited text file as rows of numbers.

#include <optional>
#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/rows/id_rows.hpp"
#include "io/points/point_format.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// The rows that this rank read: contiguous, in rank order.
struct PointText {
  RowRange rows;
  Index total_rows = 0;
  Index columns = 0;
  std::vector<float> values;          ///< rows.size() x columns, row-major, finite
  std::vector<float> weights;         ///< one per row, > 0; empty where `source` names no weight column
  std::optional<IdRows> ids;          ///< where `source` names an id column, or one is named like ids
  std::vector<std::string> names;     ///< of the columns; empty where the file has no header
  std::vector<std::string> warnings;  ///< which columns are left out, and why
  std::string description;            ///< "csv, 3 columns (recency, frequency, monetary), id = customer"
};

/// Where `source` chooses no columns, those are the dimensions that hold a finite number in every row; a column named
/// like ids is none. Plain files are read by byte range, packed and UTF-16 files by the root. Blank lines are passed
/// over. Collective over comm; throws AgreedError (no_input, usage, bad_data, io_error): the earliest bad line,
/// whatever the number of ranks.
[[nodiscard]] PointText read_point_text(const Communicator& comm, const PointSource& source);

}  // namespace rankwise
