#include "io/hdf5/compared_rows.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "io/hdf5/row_digests.hpp"

namespace rankwise {

ComparedRows::ComparedRows(DigestTable table, Index rows)
    : table_(std::move(table)), rows_(rows), is_compared_(table_.digests.size(), false) {}

RowRange ComparedRows::chunk_of(Index row) const {
  const Index begin = row / table_.chunk_rows * table_.chunk_rows;
  return {begin, std::min(begin + table_.chunk_rows, rows_)};
}

std::optional<std::string> ComparedRows::compare(Index first_row, std::string_view bytes) {
  const std::uint64_t expected = table_.digests[number_of(first_row)];
  const std::uint64_t found = digest_of(bytes);
  if (found != expected) return damage_text(chunk_of(first_row), expected, found);
  is_compared_[number_of(first_row)] = true;
  return std::nullopt;
}

std::string damage_text(RowRange rows, std::uint64_t expected, std::uint64_t found) {
  return fmt::format("rows [{}, {}) are damaged: expected digest {:016x}, found {:016x}", rows.begin, rows.end,
                     expected, found);
}

}  // namespace rankwise
