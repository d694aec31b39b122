#pragma once
// rank_block() with a first pass in 8 bits: only what may reach the threshold is scored in float.

#include "kernels/base/matrix.hpp"
#include "kernels/ranking/packed_items.hpp"
#include "kernels/ranking/top_items.hpp"

namespace rankwise::kernels {

/// Whether this processor multiplies codes at four times the rate of floats (AVX-512 VNNI), and kernels may use that.
[[nodiscard]] bool has_coarse_products();

/// As rank_block(), with the same bits, of items with codes and users that are_within_bounds() of them.
void coarse_rank_block(ConstMatrixView users, const PackedItems& items, const PositionBits& marks, MarkedItems rule,
                       TopItems& top, Index first_user);

}  // namespace rankwise::kernels
