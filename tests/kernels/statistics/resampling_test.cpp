// Bootstrap and sign flips against plain sums, exact probabilities, and planted truths.

#include "kernels/statistics/resampling.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <gtest/gtest.h>
#include <numeric>
#include <vector>

#include "kernels/base/fixed_point_sum.hpp"
#include "kernels/base/philox.hpp"
#include "kernels/statistics/estimates.hpp"

namespace rankwise {
namespace {

constexpr std::uint64_t seed = 17;

std::vector<std::uint64_t> first_users(std::size_t count, std::uint64_t first = 0) {
  std::vector<std::uint64_t> users(count);
  std::iota(users.begin(), users.end(), first);
  return users;
}

/// Some of both signs and of no regular size.
std::vector<std::int64_t> values_of(std::size_t count, std::uint32_t column) {
  const RandomStream stream(99, RandomPurpose::synthetic_values);
  std::vector<std::int64_t> values(count);
  for (std::size_t v = 0; v < count; ++v) {
    values[v] = static_cast<std::int64_t>(stream.words(static_cast<Index>(v), column)[0]) - (std::int64_t{1} << 31);
  }
  return values;
}

using AddSums = void (*)(std::uint64_t, std::span<const std::uint64_t>, std::span<const ResampledColumn>);

/// Sums of two columns, the users in pieces of these sizes.
std::array<std::vector<std::int64_t>, 2> sums_by_pieces(AddSums add, std::size_t replicates,
                                                        const std::vector<std::size_t>& pieces) {
  const std::size_t total = std::accumulate(pieces.begin(), pieces.end(), std::size_t{0});
  const std::array values{values_of(total, 0), values_of(total, 1)};
  const auto users = first_users(total, 1000);
  std::array sums{std::vector<std::int64_t>(replicates), std::vector<std::int64_t>(replicates)};
  std::size_t first = 0;
  for (const std::size_t count : pieces) {
    const std::array columns{ResampledColumn{std::span(values[0]).subspan(first, count), sums[0]},
                             ResampledColumn{std::span(values[1]).subspan(first, count), sums[1]}};
    add(seed, std::span(users).subspan(first, count), columns);
    first += count;
  }
  return sums;
}

TEST(BootstrapWeight, HasThePoissonDistribution) {
  constexpr std::size_t users = 2000;
  constexpr std::size_t blocks = 16;
  std::array<double, largest_bootstrap_weight + 1> counts{};
  for (const std::uint64_t user : first_users(users)) {
    for (std::size_t block = 0; block < blocks; ++block) {
      for (const std::uint8_t weight : bootstrap_weights(seed, user, block)) counts.at(weight) += 1;
    }
  }
  constexpr double draws = users * blocks * replicates_per_block;
  double probability = std::exp(-1.0);
  for (std::size_t weight = 0; weight < 8; ++weight) {
    const double deviation = std::sqrt(draws * probability * (1 - probability));
    EXPECT_NEAR(counts.at(weight), draws * probability, 4 * deviation) << weight;
    probability /= static_cast<double>(weight + 1);
  }
}

/// The inverse of the distribution, summed from its tail, at the words that decide.
TEST(BootstrapWeight, InvertsTheDistributionOfEachWord) {
  const RandomStream stream(seed, RandomPurpose::bootstrap_weights);
  for (std::uint64_t user = 0; user < 500; ++user) {
    for (std::size_t replicate = 0; replicate < 64; ++replicate) {
      const double share =
          stream.words(static_cast<Index>(user), static_cast<std::uint32_t>(replicate / 4))[replicate % 4] * 0x1p-32;
      int weight = 0;
      double probability = std::exp(-1.0);
      for (double below = probability; share >= below; below += probability) probability /= ++weight;
      ASSERT_EQ(bootstrap_weight(seed, user, replicate), weight) << user << ' ' << replicate;
    }
  }
}

TEST(BootstrapWeight, IsThatOfItsBlockAndDiffersBySeedAndUser) {
  for (std::size_t block = 0; block < 3; ++block) {
    const auto weights = bootstrap_weights(seed, 5, block);
    for (std::size_t r = 0; r < replicates_per_block; ++r) {
      EXPECT_EQ(bootstrap_weight(seed, 5, block * replicates_per_block + r), weights.at(r));
    }
  }
  EXPECT_NE(bootstrap_weights(seed, 5, 0), bootstrap_weights(seed, 5, 1));
  EXPECT_NE(bootstrap_weights(seed, 5, 0), bootstrap_weights(seed, 6, 0));
  EXPECT_NE(bootstrap_weights(seed, 5, 0), bootstrap_weights(seed + 1, 5, 0));
  EXPECT_NE(bootstrap_weights(seed, 5, 0), bootstrap_weights(seed, 5 + (std::uint64_t{1} << 40), 0));
}

TEST(BootstrapSums, ArePlainOnes) {
  constexpr std::size_t replicates = 130;
  const auto sums = sums_by_pieces(add_bootstrap_sums, replicates, {21});
  for (std::uint32_t column = 0; column < 2; ++column) {
    const auto values = values_of(21, column);
    for (std::size_t r = 0; r < replicates; ++r) {
      std::int64_t expected = 0;
      for (std::uint64_t u = 0; u < 21; ++u) expected += bootstrap_weight(seed, 1000 + u, r) * values[u];
      ASSERT_EQ(sums.at(column)[r], expected) << column << ' ' << r;
    }
  }
}

TEST(SignFlipSums, ArePlainOnes) {
  constexpr std::size_t replicates = 130;
  const auto sums = sums_by_pieces(add_sign_flip_sums, replicates, {21});
  for (std::uint32_t column = 0; column < 2; ++column) {
    const auto values = values_of(21, column);
    for (std::size_t r = 0; r < replicates; ++r) {
      std::int64_t expected = 0;
      for (std::uint64_t u = 0; u < 21; ++u) {
        const bool is_flipped = (sign_flips(seed, 1000 + u, r / 64) >> (r % 64) & 1) != 0;
        expected += is_flipped ? -values[u] : values[u];
      }
      ASSERT_EQ(sums.at(column)[r], expected) << column << ' ' << r;
    }
  }
}

TEST(ResampledSums, DoNotDependOnPiecesOfUsers) {
  for (const AddSums add : {add_bootstrap_sums, add_sign_flip_sums}) {
    const auto whole = sums_by_pieces(add, 1000, {50});
    EXPECT_EQ(sums_by_pieces(add, 1000, {1, 7, 8, 0, 9, 25}), whole);
    EXPECT_NE(whole[0], whole[1]);
  }
  add_sign_flip_sums(seed, first_users(3), {});  // no column: nothing to do
}

TEST(SignFlips, AreFairAndIndependent) {
  std::array<int, 64> ones{};
  int agreeing_blocks = 0;
  int agreeing_users = 0;
  constexpr int users = 4000;
  for (int user = 0; user < users; ++user) {
    const auto key = static_cast<std::uint64_t>(user);
    const std::uint64_t word = sign_flips(seed, key, 0);
    for (std::size_t bit = 0; bit < 64; ++bit) ones.at(bit) += static_cast<int>(word >> bit & 1);
    agreeing_blocks += std::popcount(~(word ^ sign_flips(seed, key, 1)));
    agreeing_users += std::popcount(~(word ^ sign_flips(seed, key + 1, 0)));
  }
  for (const int count : ones) EXPECT_NEAR(count, users / 2, 4 * std::sqrt(users / 4));
  EXPECT_NEAR(agreeing_blocks, 32 * users, 4 * std::sqrt(16 * users));
  EXPECT_NEAR(agreeing_users, 32 * users, 4 * std::sqrt(16 * users));
}

/// 164 of the 2,048 signs of these differences give a sum as far from 0: scipy's permutation_test, exact.
TEST(SignFlipP, ComesCloseToAllSigns) {
  const std::array<std::int64_t, 11> differences{12, -5, 7, 3, 9, -2, 4, 11, -6, 1, 8};
  constexpr std::size_t replicates = 20000;
  std::vector<std::int64_t> sums(replicates);
  const std::array columns{ResampledColumn{differences, sums}};
  add_sign_flip_sums(seed, first_users(differences.size()), columns);
  constexpr double exact = 0.080078125;
  const double p = sign_flip_p(std::accumulate(differences.begin(), differences.end(), std::int64_t{0}), sums);
  EXPECT_NEAR(p, exact, 3 * std::sqrt(exact * (1 - exact) / replicates));
}

TEST(SignFlipP, CountsTheSumItself) {
  const std::array<std::int64_t, 4> sums{3, -5, 5, 0};
  EXPECT_EQ(sign_flip_p(6, sums), 0.2);
  EXPECT_EQ(sign_flip_p(-5, sums), 0.6);
  EXPECT_EQ(sign_flip_p(0, sums), 1);
  EXPECT_EQ(sign_flip_p(1, {}), 1);
}

/// 95% intervals of 1,000 planted evaluations hold the truth 95 +- 1.4% of the times: two deviations of such a count.
constexpr int evaluations = 1000;
constexpr double covered = 0.95 * evaluations;
constexpr double covered_tolerance = 14;

double planted(int evaluation, std::size_t user, std::uint32_t draw) {
  const RandomStream stream(5, RandomPurpose::synthetic_users);
  return stream.uniform(evaluation, static_cast<std::uint32_t>(2 * user) + draw);
}

/// Recalls of users: 0 for many, else skewed, with mean 0.2.
TEST(Coverage, OfStudentsIntervalOfAMeanOfUsersIsRight) {
  constexpr std::size_t users = 250;
  int count = 0;
  for (int evaluation = 0; evaluation < evaluations; ++evaluation) {
    std::vector<double> values(users);
    for (std::size_t u = 0; u < users; ++u) {
      const double draw = planted(evaluation, u, 1);
      values[u] = planted(evaluation, u, 0) < 0.4 ? 0 : draw * draw;
    }
    const double mean = mean_of(values);
    const double error = deviation_of(values, mean) / std::sqrt(static_cast<double>(users));
    count += std::abs(mean - 0.2) <= half_interval(error, users, 0.95) ? 1 : 0;
  }
  EXPECT_NEAR(count, covered, covered_tolerance);
}

/// What lists catch of the amounts that users spend, skewed and related: a ratio of sums, with truth 1/3.
TEST(Coverage, OfTheBootstrapOfARatioIsRight) {
  constexpr std::size_t users = 500;
  constexpr std::size_t replicates = 640;
  const FixedPointScale scale = FixedPointScale::for_terms(4, Index{users} * largest_bootstrap_weight);
  int count = 0;
  for (int evaluation = 0; evaluation < evaluations; ++evaluation) {
    std::vector<std::int64_t> caught(users);
    std::vector<std::int64_t> spent(users);
    for (std::size_t u = 0; u < users; ++u) {
      const double amount = 4 * planted(evaluation, u, 0) * planted(evaluation, u, 0);
      const double share = planted(evaluation, u, 1);
      spent[u] = scale.to_fixed(amount);
      caught[u] = scale.to_fixed(amount * share * share);
    }
    std::vector<std::int64_t> caught_sums(replicates);
    std::vector<std::int64_t> spent_sums(replicates);
    const std::array columns{ResampledColumn{caught, caught_sums}, ResampledColumn{spent, spent_sums}};
    add_bootstrap_sums(static_cast<std::uint64_t>(evaluation), first_users(users), columns);
    std::vector<double> ratios(replicates);
    for (std::size_t r = 0; r < replicates; ++r) {
      ratios[r] = static_cast<double>(caught_sums[r]) / static_cast<double>(spent_sums[r]);
    }
    const Interval interval = percentile_interval(ratios, 0.95);
    count += interval.low <= 1.0 / 3 && 1.0 / 3 <= interval.high ? 1 : 0;
  }
  EXPECT_NEAR(count, covered, covered_tolerance);
}

}  // namespace
}  // namespace rankwise
