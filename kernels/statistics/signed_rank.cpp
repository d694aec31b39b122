#include "kernels/statistics/signed_rank.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <vector>

namespace rankwise {

namespace {

/// What equal magnitudes add up to, whose doubled ranks are whole numbers: their sums are exact below 2^53 (some 10^8
/// pairs).
struct RankSums {
  double doubled_positive = 0;
  double doubled_negative = 0;
  double ties = 0;  ///< sum of t^3 - t over groups of t equal magnitudes
};

RankSums rank_sums(std::span<const double> by_magnitude) {
  RankSums sums;
  for (std::size_t begin = 0; begin < by_magnitude.size();) {
    const double magnitude = std::abs(by_magnitude[begin]);
    std::size_t end = begin;
    double positive = 0;
    for (; end < by_magnitude.size() && std::abs(by_magnitude[end]) == magnitude; ++end) {
      positive += by_magnitude[end] > 0 ? 1 : 0;
    }
    const auto equal = static_cast<double>(end - begin);
    const auto doubled_rank = static_cast<double>(begin + 1 + end);
    sums.doubled_positive += doubled_rank * positive;
    sums.doubled_negative += doubled_rank * (equal - positive);
    sums.ties += equal * (equal * equal - 1);
    begin = end;
  }
  return sums;
}

}  // namespace

SignedRankTest signed_rank_test(std::span<const double> differences) {
  std::vector<double> by_magnitude;
  std::copy_if(differences.begin(), differences.end(), std::back_inserter(by_magnitude),
               [](double difference) { return difference != 0; });
  std::sort(by_magnitude.begin(), by_magnitude.end(),
            [](double one, double other) { return std::abs(one) < std::abs(other); });
  const RankSums sums = rank_sums(by_magnitude);
  SignedRankTest test;
  test.pairs = static_cast<std::int64_t>(by_magnitude.size());
  test.positive_ranks = sums.doubled_positive / 2;
  test.negative_ranks = sums.doubled_negative / 2;
  const auto n = static_cast<double>(test.pairs);
  const double variance = (n * (n + 1) * (2 * n + 1) - sums.ties / 2) / 24;
  test.z = (std::min(test.positive_ranks, test.negative_ranks) - n * (n + 1) / 4) / std::sqrt(variance);
  if (test.pairs > 0) test.p = std::erfc(-test.z / std::numbers::sqrt2);
  return test;
}

}  // namespace rankwise
