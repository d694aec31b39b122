#include "kernels/statistics/signed_rank.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <utility>
#include <vector>

namespace rankwise {

namespace {

bool is_smaller(const SignedMagnitude& one, const SignedMagnitude& other) {
  return one.magnitude < other.magnitude;
}

}  // namespace

std::vector<SignedMagnitude> merged(std::vector<SignedMagnitude> pieces) {
  std::sort(pieces.begin(), pieces.end(), is_smaller);
  std::size_t last = 0;
  for (std::size_t next = 1; next < pieces.size(); ++next) {
    if (pieces[next].magnitude == pieces[last].magnitude) {
      pieces[last].positive += pieces[next].positive;
      pieces[last].negative += pieces[next].negative;
    } else {
      pieces[++last] = pieces[next];
    }
  }
  pieces.resize(std::min(pieces.size(), last + 1));
  return pieces;
}

std::vector<SignedMagnitude> signed_magnitudes(std::span<const double> differences) {
  std::vector<SignedMagnitude> each;
  for (const double difference : differences) {
    if (difference != 0) each.push_back({std::abs(difference), difference > 0 ? 1 : 0, difference > 0 ? 0 : 1});
  }
  return merged(std::move(each));
}

SignedRankTest signed_rank_test(std::span<const SignedMagnitude> ascending) {
  // Doubled ranks are whole numbers: their sums are exact below 2^53 (some 10^8 pairs).
  double doubled_positive = 0;
  double doubled_negative = 0;
  double ties = 0;  // sum of t^3 - t over groups of t equal magnitudes
  SignedRankTest test;
  for (const SignedMagnitude& group : ascending) {
    const std::int64_t equal = group.positive + group.negative;
    const auto doubled_rank = static_cast<double>(2 * test.pairs + equal + 1);
    doubled_positive += doubled_rank * static_cast<double>(group.positive);
    doubled_negative += doubled_rank * static_cast<double>(group.negative);
    const auto t = static_cast<double>(equal);
    ties += t * (t * t - 1);
    test.pairs += equal;
  }
  test.positive_ranks = doubled_positive / 2;
  test.negative_ranks = doubled_negative / 2;
  const auto n = static_cast<double>(test.pairs);
  const double variance = (n * (n + 1) * (2 * n + 1) - ties / 2) / 24;
  test.z = (std::min(test.positive_ranks, test.negative_ranks) - n * (n + 1) / 4) / std::sqrt(variance);
  if (test.pairs > 0) test.p = std::erfc(-test.z / std::numbers::sqrt2);
  return test;
}

}  // namespace rankwise
