#pragma once
// Counter-based random numbers: every draw is a pure function of (seed, purpose, row, draw number), so that neither
// rank count, thread count nor restarts can change one. Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel
// random numbers: as easy as 1, 2, 3", SC 2011.

#include <array>
#include <cstdint>

#include "kernels/base/types.hpp"

namespace rankwise {

using PhiloxCounter = std::array<std::uint32_t, 4>;
using PhiloxKey = std::array<std::uint32_t, 2>;

/// Ten rounds of Philox4x32 (verified against the known-answer vectors of Random123).
[[nodiscard]] PhiloxCounter philox4x32(PhiloxCounter counter, PhiloxKey key);

/// What a stream of draws is for; two purposes never share a number.
enum class RandomPurpose : std::uint32_t {
  initial_users = 1,
  initial_items = 2,
  holdout = 3,
  synthetic_users = 4,
  synthetic_items = 5,
  synthetic_log = 6,
  synthetic_dirt = 7,
  synthetic_segments = 8,
  synthetic_categories = 9,
  synthetic_times = 10,
  synthetic_values = 11,
  synthetic_race = 12,
  heldout_users = 13,
  heldout_given = 14,
  cluster_seeds = 15,
  cluster_batches = 16,
  cluster_folds = 17,
  sweep_points = 18,
  fold_pairs = 19,
  fold_users = 20,
  fold_given = 21,
  holdout_ties = 22,
  bootstrap_weights = 23,
  sign_flips = 24,
  heldout_items = 25,
  prepared_fold_pairs = 26,
  prepared_fold_users = 27,
  long_users = 28
};

/// The draws of one purpose under one seed. Copyable and stateless.
class RandomStream {
 public:
  RandomStream(std::uint64_t seed, RandomPurpose purpose) : seed_(seed), purpose_(purpose) {}

  /// Four independent 32-bit words for (row, draw); draw < 2^32.
  [[nodiscard]] PhiloxCounter words(Index row, std::uint32_t draw) const;
  /// Uniform in [0, 1), a multiple of 2^-53, for (row, draw).
  [[nodiscard]] double uniform(Index row, std::uint32_t draw) const;

 private:
  std::uint64_t seed_;
  RandomPurpose purpose_;
};

/// Uniform in [0, 1), the draw of this purpose for a pair of row numbers, or of numbers that name rows.
[[nodiscard]] double pair_draw(std::uint64_t seed, RandomPurpose purpose, std::uint64_t first, std::uint64_t second);

}  // namespace rankwise
