#pragma once
// The vocabulary of every floor: row numbers and row ranges.

#include <cstddef>
#include <cstdint>

namespace rankwise {

/// A global row number, or a count of rows or entries. 64 bits: users, items and interactions may exceed 2^31.
using Index = std::int64_t;

/// A row number, or a count, as containers index.
[[nodiscard]] constexpr std::size_t at(Index row) {
  return static_cast<std::size_t>(row);
}

/// A column inside one rank's gathered rows; a node's ranks never share more than 2^31 of them.
using LocalIndex = std::int32_t;

/// Global rows [begin, end).
struct RowRange {
  Index begin = 0;
  Index end = 0;

  [[nodiscard]] Index size() const { return end - begin; }
  [[nodiscard]] bool contains(Index row) const { return begin <= row && row < end; }
  friend bool operator==(const RowRange&, const RowRange&) = default;
};

/// Rows per chunk of every long reduction, and the alignment of every partition boundary. Part of the promise of
/// identical bits: a chunk is summed by one thread in ascending row order, so neither ranks nor threads can change a
/// sum.
inline constexpr Index chunk_rows = 64;

/// Number of chunks that cover `rows`.
[[nodiscard]] constexpr Index chunk_count(Index rows) {
  return (rows + chunk_rows - 1) / chunk_rows;
}

}  // namespace rankwise
