#pragma once
// Which chunks of a dataset's rows were compared with their digests, and the bytes of the last one.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/hdf5/row_digests.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Of one dataset of `rows` rows.
class ComparedRows {
 public:
  ComparedRows(DigestTable table, Index rows);

  [[nodiscard]] Index rows() const { return rows_; }
  /// All rows of the chunk that `row` is in.
  [[nodiscard]] RowRange chunk_of(Index row) const;
  [[nodiscard]] bool is_compared(Index row) const { return is_compared_[number_of(row)]; }

  /// `bytes` of the whole chunk, as they lie in the file; what is wrong with them, if their digest is another one.
  [[nodiscard]] std::optional<std::string> compare(Index first_row, std::string_view bytes);

  /// The chunk of `row`, if it is the one that was last held.
  [[nodiscard]] bool holds(Index row) const { return held_chunk_ == static_cast<Index>(number_of(row)); }
  [[nodiscard]] const std::vector<char>& held() const { return held_; }
  /// Reads the chunk of `row` by read(rows, bytes), compares it likewise, and holds it if it is intact.
  template <class Read>
  [[nodiscard]] std::optional<std::string> hold(Index row, Index row_bytes, const Read& read) {
    const RowRange chunk = chunk_of(row);
    held_chunk_ = -1;
    held_.resize(static_cast<std::size_t>(chunk.size() * row_bytes));
    read(chunk, held_.data());
    std::optional<std::string> damage = compare(chunk.begin, {held_.data(), held_.size()});
    if (!damage) held_chunk_ = static_cast<Index>(number_of(row));
    return damage;
  }

 private:
  [[nodiscard]] std::size_t number_of(Index row) const { return static_cast<std::size_t>(row / table_.chunk_rows); }

  DigestTable table_;
  Index rows_;
  std::vector<bool> is_compared_;  // by chunk
  Index held_chunk_ = -1;
  std::vector<char> held_;
};

/// "rows [0, 8192) are damaged: expected digest ..., found ..."
[[nodiscard]] std::string damage_text(RowRange rows, std::uint64_t expected, std::uint64_t found);

}  // namespace rankwise
