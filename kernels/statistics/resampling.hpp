#pragma once
// Resampling of users, counted and not drawn in turn: the Poisson bootstrap and the sign-flip permutation. What a user
// gets in a replicate is a pure function of (seed, user, replicate), and sums are of integers. So ranks and threads may
// share out users as they like, add their sums, and come to the same bits.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace rankwise {

/// Replicates come in blocks of as many as a word has bits.
inline constexpr std::size_t replicates_per_block = 64;

/// One quantity of users, and where its sums over resampled users are added: a sum per replicate. Values are in fixed
/// point (kernels/base/fixed_point_sum.hpp) or whole numbers.
struct ResampledColumn {
  std::span<const std::int64_t> values;  ///< one per user
  std::span<std::int64_t> sums;          ///< one per replicate; added to, so zero them first
};

/// No user's weight is larger: the probability that a weight of Poisson(1) would be is 6e-11.
inline constexpr int largest_bootstrap_weight = 12;

/// How often the user is in the replicate: Poisson with mean 1, which is what drawing as many users as there are, with
/// replacement, gives each of many users (Chamandy et al., "Estimating uncertainty for massive data streams", 2012). By
/// inversion of the distribution in multiples of 2^-32. `user` is any number that names the user on every rank.
[[nodiscard]] int bootstrap_weight(std::uint64_t seed, std::uint64_t user, std::size_t replicate);

/// bootstrap_weight of the replicates [64 block, 64 block + 64).
[[nodiscard]] std::array<std::uint8_t, replicates_per_block> bootstrap_weights(std::uint64_t seed, std::uint64_t user,
                                                                               std::size_t block);

/// Adds to each sum its replicate's weights times values, for all columns at once: sums[r] += weight of u in r * value
/// of u. All columns have a value for each of the users and equally many replicates. A mean or a ratio of a replicate
/// is the quotient of two of its sums (a column of ones sums the weights). Magnitudes of all ranks' values must add up
/// to less than 2^63 / largest_bootstrap_weight.
void add_bootstrap_sums(std::uint64_t seed, std::span<const std::uint64_t> users,
                        std::span<const ResampledColumn> columns);

/// Whether the user's difference changes its sign in the replicates [64 block, 64 block + 64): bit i is of replicate
/// 64 block + i, and each is 1 with probability 1/2.
[[nodiscard]] std::uint64_t sign_flips(std::uint64_t seed, std::uint64_t user, std::size_t block);

/// Adds to each sum the users' values with the signs that they have in its replicate. Columns as above, so that several
/// differences of the same users share their signs. Magnitudes of all ranks' values must add up to less than 2^63.
/// Takes users by eights: each eight's 256 possible sums are made once and then looked up.
void add_sign_flip_sums(std::uint64_t seed, std::span<const std::uint64_t> users,
                        std::span<const ResampledColumn> columns);

/// Two-sided p of a sum of paired differences among its sign-flip sums over all users:
/// (1 + number of replicates as far from 0) / (1 + replicates). Never 0.
[[nodiscard]] double sign_flip_p(std::int64_t sum, std::span<const std::int64_t> flipped_sums);

}  // namespace rankwise
