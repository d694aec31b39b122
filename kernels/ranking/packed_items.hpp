#pragma once
// Items as the ranking kernels read them: packed once for all users, in the order in which they are visited.

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/base/matrix.hpp"

namespace rankwise::kernels {

/// Items of a panel: 3 vectors of AVX-512, 6 of AVX2.
inline constexpr Index panel_items = 48;

/// The chosen items of a block in panels: a panel has a line of panel_items floats for each column, zeros beyond the
/// last item. Positions are places in the order of visiting.
class PackedItems {
 public:
  /// `block` has the vectors of items first_item, first_item + 1, ...; `order` are the rows of it that are visited, in
  /// this order. Item numbers are below 2^32.
  PackedItems(ConstMatrixView block, Index first_item, std::span<const Index> order);

  [[nodiscard]] Index size() const { return static_cast<Index>(items_.size()); }
  [[nodiscard]] Index columns() const { return columns_; }
  [[nodiscard]] Index panels() const { return (size() + panel_items - 1) / panel_items; }
  /// columns() lines of panel_items floats.
  [[nodiscard]] const float* panel(Index p) const { return panels_.row(p); }
  /// The items at the positions of a panel; as many as it has.
  [[nodiscard]] std::span<const std::uint32_t> panel_ids(Index p) const {
    return std::span(items_).subspan(static_cast<std::size_t>(p * panel_items),
                                     static_cast<std::size_t>(std::min(panel_items, size() - p * panel_items)));
  }
  /// The position of an item, -1 if it is not visited.
  [[nodiscard]] std::int32_t position(Index item) const {
    const Index row = item - first_item_;
    return row < 0 || row >= static_cast<Index>(positions_.size()) ? -1 : positions_[static_cast<std::size_t>(row)];
  }

 private:
  Index columns_;
  Index first_item_;
  Matrix panels_;                        // a panel a row
  std::vector<std::uint32_t> items_;     // by position
  std::vector<std::int32_t> positions_;  // by row of the block
};

/// Bits of some users at the positions of packed items, in words that a panel's bits can be read from at once.
class PositionBits {
 public:
  PositionBits(Index users, Index positions);

  void set(Index user, Index position) { byte(user, position) |= bit(position); }
  void clear(Index user, Index position) { byte(user, position) &= static_cast<std::uint8_t>(~bit(position)); }
  /// Bit i is that of position panel * panel_items + i.
  [[nodiscard]] std::uint64_t panel(Index user, Index panel) const;

 private:
  [[nodiscard]] std::uint8_t& byte(Index user, Index position) {
    return bytes_[static_cast<std::size_t>(user * stride_ + position / 8)];
  }
  [[nodiscard]] static std::uint8_t bit(Index position) { return static_cast<std::uint8_t>(1U << (position % 8)); }
  Index stride_;
  std::vector<std::uint8_t> bytes_;
};

}  // namespace rankwise::kernels
