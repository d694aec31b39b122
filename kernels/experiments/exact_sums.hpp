#pragma once
// Sums over customers that are exact, so that they are the same in any order and over any ranks.

#include <array>
#include <cstdint>
#include <span>

#include "kernels/experiments/welch.hpp"

namespace rankwise {

/// A sum of products of two 64-bit numbers as whole numbers of 2^0, 2^32, 2^64 and 2^96, which are added each by
/// itself. Below 2^31 terms.
struct WideSum {
  static constexpr std::size_t parts = 4;
  std::array<std::int64_t, parts> of = {};

  void add(std::int64_t value) { add_product(value, 1); }
  void add_product(std::int64_t factor, std::int64_t other);
  WideSum& operator+=(const WideSum& other);
};

/// What a comparison needs of the outcomes of a group, beside what its members had spent before. All are millionths,
/// products millionths of millionths. Plain numbers, so that ranks add them as one array.
struct OutcomeSums {
  std::int64_t customers = 0;
  std::int64_t without_past = 0;  ///< who had spent nothing before
  WideSum outcome;
  WideSum outcome_square;
  WideSum past;
  WideSum past_square;
  WideSum outcome_past;
  WideSum outcome_without_past;  ///< of customers without a past

  void add(std::int64_t outcome_millionths, std::int64_t past_millionths);
  OutcomeSums& operator+=(const OutcomeSums& other);
};

/// All of them as one array, for a sum over ranks.
[[nodiscard]] std::span<std::int64_t> numbers_of(std::span<OutcomeSums> sums);
[[nodiscard]] std::span<std::int64_t> numbers_of(std::span<WideSum> sums);

/// A sum of millionths, in units.
[[nodiscard]] double units_of(const WideSum& sum);
/// In units, not millionths.
[[nodiscard]] GroupMoments outcome_moments(const OutcomeSums& sums);
[[nodiscard]] GroupMoments past_moments(const OutcomeSums& sums);

/// Sums of squares and products about the means, in units, worked out exactly and rounded once.
struct CentredSums {
  double outcome_square = 0;
  double past_square = 0;
  double without_past_square = 0;
  double outcome_past = 0;
  double outcome_without_past = 0;
  double past_without_past = 0;
};

[[nodiscard]] CentredSums centred_sums(const OutcomeSums& sums);

}  // namespace rankwise
