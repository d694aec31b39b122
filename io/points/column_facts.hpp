#pragma once
// Which columns of a text file are dimensions, by all of its rows.

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// What one rank's rows say about a column that may become a dimension.
struct ColumnFacts {
  Index first_bad_line = 0;  ///< of a field that is no finite float32, by this rank's data lines from 1; 0: none
  std::string reason = {};   ///< "'NA': expected a finite number", of that line
  bool has_fractions = false;

  void note_bad(Index line, std::string text) {
    if (first_bad_line > 0) return;
    first_bad_line = line;
    reason = std::move(text);
  }
};

/// What all rows say about it; the same on every rank.
struct ColumnVerdict {
  std::string reason = {};  ///< why it is no column of numbers: "line 3: 'NA': expected a finite number"; empty: it is
  bool has_fractions = false;
};

/// One verdict per column: the earliest bad field of all ranks is the reason. `lines_before` are the lines of the file
/// before this rank's data lines. Collective over comm.
[[nodiscard]] std::vector<ColumnVerdict> agree_on_columns(const Communicator& comm,
                                                          const std::vector<ColumnFacts>& facts, Index lines_before);

/// Rows of `columns` values, row-major, without the columns that are not `kept` (ascending).
[[nodiscard]] std::vector<float> keep_columns(const std::vector<float>& values, Index columns,
                                              const std::vector<Index>& kept);

}  // namespace rankwise
