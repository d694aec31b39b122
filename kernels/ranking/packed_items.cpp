#include "kernels/ranking/packed_items.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace rankwise::kernels {

namespace {

constexpr Index panel_bytes = panel_items / 8;
constexpr Index word_bytes = 8;

}  // namespace

PackedItems::PackedItems(ConstMatrixView block, Index first_item, std::span<const Index> order, ItemPrecision precision)
    : block_(block),
      first_item_(first_item),
      panels_((static_cast<Index>(order.size()) + panel_items - 1) / panel_items, block.columns * panel_items),
      positions_(static_cast<std::size_t>(block.rows), -1) {
  if (precision == ItemPrecision::floats_and_codes && are_finite(block)) codes_.emplace(block, order);
  items_.reserve(order.size());
  for (const Index row : order) {
    positions_[static_cast<std::size_t>(row)] = static_cast<std::int32_t>(items_.size());
    items_.push_back(static_cast<std::uint32_t>(first_item + row));
  }
  for (std::size_t position = 0; position < order.size(); ++position) {
    const auto place = static_cast<Index>(position);
    float* column = panels_.row(place / panel_items) + place % panel_items;
    for (const float value : block.row_span(order[position])) {
      *column = value;
      column += panel_items;
    }
  }
}

PositionBits::PositionBits(Index users, Index positions)
    : stride_((positions + panel_items - 1) / panel_items * panel_bytes + word_bytes),
      bytes_(static_cast<std::size_t>(users * stride_)) {}

std::uint64_t PositionBits::panel(Index user, Index panel) const {
  static_assert(std::endian::native == std::endian::little, "bits of bytes make a word in their order");
  std::uint64_t word = 0;
  std::memcpy(&word, bytes_.data() + user * stride_ + panel * panel_bytes, word_bytes);
  return word & ((std::uint64_t{1} << panel_items) - 1);
}

}  // namespace rankwise::kernels
