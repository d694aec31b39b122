#include "kernels/ranking/score_normalizer.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

namespace rankwise {

namespace {

/// The sum of term(score) in eight interleaved parts, which a processor adds at the same time.
template <class Term>
double sum_of(std::span<const float> scores, const Term& term) {
  constexpr std::size_t parts = 8;
  std::array<double, parts> sums{};
  std::size_t i = 0;
  for (; i + parts <= scores.size(); i += parts) {
    for (std::size_t part = 0; part < parts; ++part) sums[part] += term(static_cast<double>(scores[i + part]));
  }
  for (; i < scores.size(); ++i) sums[i % parts] += term(static_cast<double>(scores[i]));
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

/// Integers that order as floats do.
std::uint32_t ordered_bits(float score) {
  const auto bits = std::bit_cast<std::uint32_t>(score);
  return (bits >> 31U) != 0 ? ~bits : bits | 0x8000'0000U;
}

}  // namespace

bool ScoreNormalizer::normalize(std::span<const float> scores, std::span<double> normalized) {
  if (scores.empty()) return false;
  const auto [least, most] = std::ranges::minmax(scores);
  if (least == most) {
    std::ranges::fill(normalized, kind_ == ScoreNormalization::standard ? 0.0 : 0.5);
    return false;
  }
  kind_ == ScoreNormalization::standard ? standardize(scores, normalized) : rank(scores, normalized);
  return true;
}

void ScoreNormalizer::standardize(std::span<const float> scores, std::span<double> normalized) const {
  const auto count = static_cast<double>(scores.size());
  const double mean = sum_of(scores, [](double score) { return score; }) / count;
  const double variance = sum_of(scores, [mean](double score) { return (score - mean) * (score - mean); }) / count;
  const double deviation = std::sqrt(variance);
  for (std::size_t i = 0; i < scores.size(); ++i) normalized[i] = (static_cast<double>(scores[i]) - mean) / deviation;
}

void ScoreNormalizer::rank(std::span<const float> scores, std::span<double> normalized) {
  // 1. Scores in order. Those of an item model are mostly 0, which is one group that no sort has to move.
  keys_.clear();
  std::size_t below_zero = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (scores[i] == 0) continue;
    below_zero += scores[i] < 0 ? 1 : 0;
    keys_.push_back((std::uint64_t{ordered_bits(scores[i])} << 32U) | i);
  }
  std::ranges::sort(keys_);

  // 2. Equal scores share the mean of their ranks, counted from 0.
  const std::size_t zeros = scores.size() - keys_.size();
  const auto last = static_cast<double>(scores.size() - 1);
  const auto midrank = [last](std::size_t begin, std::size_t end) {
    return static_cast<double>(begin + end - 1) / 2 / last;
  };
  if (zeros > 0) std::ranges::fill(normalized, midrank(below_zero, below_zero + zeros));
  for (std::size_t begin = 0; begin < keys_.size();) {
    std::size_t end = begin + 1;
    while (end < keys_.size() && keys_[end] >> 32U == keys_[begin] >> 32U) ++end;
    const std::size_t before = begin < below_zero ? 0 : zeros;
    const double value = midrank(before + begin, before + end);
    for (; begin < end; ++begin) normalized[keys_[begin] & 0xffff'ffffU] = value;
  }
}

}  // namespace rankwise
