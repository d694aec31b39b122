#pragma once
// Boosts of items as one more column of scoring vectors: <(x, 1), (y, boost)> = <x, y> + boost.

#include <span>

#include "distributed/ranking/ranking.hpp"
#include "kernels/base/matrix.hpp"

namespace rankwise {

/// The rows with one more column, which is 1.
[[nodiscard]] Matrix boosted_users(ConstMatrixView users);

/// The vectors with one more column, which has the boost of each item; without boosts as they are. Boosts outlive the
/// result.
[[nodiscard]] ItemVectors boosted_items(ItemVectors vectors, std::span<const float> boosts);

}  // namespace rankwise
