#pragma once
// Floating-point sums over ranks that give the same bits for any number of ranks.

#include <span>

#include "distributed/comm/communicator.hpp"

namespace rankwise {

/// The sum of all ranks' terms, rounded once per term to a fixed-point grid chosen from the largest magnitude, then
/// exact. A non-finite term makes the sum NaN on every rank. Collective over comm (two reductions).
[[nodiscard]] double order_free_sum(const Communicator& comm, std::span<const double> terms);
/// Likewise of all terms of this rank's pieces.
[[nodiscard]] double order_free_sum(const Communicator& comm, std::span<const std::span<const float>> pieces);

}  // namespace rankwise
