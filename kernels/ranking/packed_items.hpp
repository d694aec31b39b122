#pragma once
// Items as the ranking kernels read them: packed once for all users, in the order in which they are visited.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "kernels/base/matrix.hpp"
#include "kernels/ranking/coarse_codes.hpp"

namespace rankwise::kernels {

/// Whether items have codes of 8 bits beside their floats (kernels/ranking/coarse_codes.hpp).
enum class ItemPrecision { floats, floats_and_codes };

/// The chosen items of a block in panels: a panel has a line of panel_items floats for each column, zeros beyond the
/// last item. Positions are places in the order of visiting.
class PackedItems {
 public:
  /// `block` has the vectors of items first_item, first_item + 1, ..., and outlives this; `order` are the rows of it
  /// that are visited, in this order. Item numbers are below 2^32. With `codes` they have codes, too, if all are
  /// finite.
  PackedItems(ConstMatrixView block, Index first_item, std::span<const Index> order, ItemPrecision precision);

  [[nodiscard]] Index size() const { return static_cast<Index>(items_.size()); }
  [[nodiscard]] Index columns() const { return block_.columns; }
  [[nodiscard]] Index first_item() const { return first_item_; }
  [[nodiscard]] ConstMatrixView block() const { return block_; }
  [[nodiscard]] bool has_codes() const { return codes_.has_value(); }
  [[nodiscard]] const ItemCodes& codes() const { return *codes_; }
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
  ConstMatrixView block_;
  Index first_item_;
  Matrix panels_;  // a panel a row
  std::optional<ItemCodes> codes_;
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

/// Which items users may get: those whose bit is set, or those whose bit is not.
enum class MarkedItems { leave_out, keep_only };

/// Bits of a panel's items that a user may get, whose row of marks is given.
[[nodiscard]] inline std::uint64_t allowed_bits(const PositionBits& marks, MarkedItems rule, Index row, Index panel,
                                                Index items) {
  const std::uint64_t marked = marks.panel(row, panel);
  return (rule == MarkedItems::leave_out ? ~marked : marked) & ((std::uint64_t{1} << items) - 1);
}

}  // namespace rankwise::kernels
