#pragma once
// Raw rows of an interaction log, as this rank read them.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "distributed/log/input_position.hpp"
#include "distributed/log/rejected_rows.hpp"
#include "distributed/rows/id_column.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Rows dropped because the field of a role was missing.
struct MissingCounts {
  Index user = 0;
  Index item = 0;
  Index value = 0;
  Index time = 0;
  Index fold = 0;
  Index split = 0;
  Index order = 0;
  Index event = 0;
};

/// Rows that were not wanted.
struct FilteredCounts {
  Index condition = 0;  ///< do not fulfil it
  Index period = 0;     ///< are before it or after it
  Index event = 0;      ///< have weight 0
};

/// Into which part a log puts a row.
enum class SplitMark : std::uint8_t { training, validation, heldout };

/// Which lines of each file a thread has read: for a second pass over the same parts.
struct ReadParts {
  int part = 0;  ///< of `of_parts` over all ranks
  int of_parts = 1;
  std::vector<Index> begins;        ///< bytes, as io/text/text_part.hpp has them
  std::vector<Index> lines_before;  ///< its lines follow these
  std::vector<Index> lines;
};

/// One entry per row in every column. A rank holds the rows of its parts of all files, part after part; in a part they
/// ascend by position.
struct InteractionLog {
  IdColumn users;
  IdColumn items;
  std::vector<double> values;                    ///< finite, within the range of float; all 1 where rows are counted
  std::vector<std::int64_t> times_microseconds;  ///< since 1970; empty unless `timed`
  std::vector<std::int32_t> folds;               ///< 0 to most_folds - 1; empty unless `folded`
  std::vector<SplitMark> split_marks;            ///< empty unless `marked`
  IdColumn orders;                               ///< which rows were bought together; empty unless `ordered`
  std::vector<double> quantities;                ///< empty unless a column of quantities is read
  std::vector<std::int64_t> positions;           ///< InputPosition::packed()
  bool timed = false;
  bool folded = false;
  bool marked = false;
  bool ordered = false;
  bool quantified = false;
  RejectedRows rejected;           ///< this rank's
  std::vector<ReadParts> parts;    ///< this rank's, of one thread each
  std::vector<std::string> files;  ///< the same on every rank
  Index rows_read = 0;             ///< over all ranks, before any row was dropped
  MissingCounts missing;           ///< over all ranks
  FilteredCounts filtered;         ///< over all ranks
  Index repeated_headers = 0;      ///< over all ranks: lines that repeat the header of their file; no rows

  [[nodiscard]] Index size() const { return static_cast<Index>(positions.size()); }
  /// `FILE:LINE`
  [[nodiscard]] std::string place(InputPosition position) const;
  /// Room for `rows` rows in all.
  void reserve(Index rows);
  /// The rows of `other`, which was read of the same files, follow those of this log; what was counted is added.
  void append(InteractionLog other);
  /// Keeps the rows at `kept` (ascending row numbers).
  void keep(const std::vector<Index>& kept);
};

}  // namespace rankwise
