#pragma once
// What an offer to a customer is worth, in whole millionths; and the same with a place among equals.

#include <cstdint>
#include <limits>

namespace rankwise {

/// Values of offers and prices for them have so many bits below a millionth, in which equal values differ by customer
/// and offer: where all customers are alike, a price could otherwise not divide them.
inline constexpr int tie_bits = 20;

/// Values, costs and margins that a campaign may have, at most; so fine values stay below 2^62.
inline constexpr std::int64_t most_value_millionths = 4'000'000'000'000;

/// The fine value of what a customer cannot get.
inline constexpr std::int64_t not_offered = std::numeric_limits<std::int64_t>::min() / 4;

/// probability x margin - cost, of millionths, rounded to the nearest one. Probability at most 1, margin and cost at
/// most most_value_millionths, all at least 0.
[[nodiscard]] constexpr std::int64_t expected_value(std::int64_t probability_millionths, std::int64_t margin_millionths,
                                                    std::int64_t cost_millionths) {
  const auto product =
      static_cast<std::uint64_t>(probability_millionths) * static_cast<std::uint64_t>(margin_millionths);
  return static_cast<std::int64_t>((product + 500'000) / 1'000'000) - cost_millionths;
}

/// The place of a pair among equal ones: 20 bits of the customer's keyed hash and the offer's number, by
/// multiplicative hashing (Knuth, The Art of Computer Programming 3, section 6.4).
[[nodiscard]] constexpr std::uint32_t tie_of(std::uint32_t customer_hash, std::uint32_t offer) {
  const std::uint32_t odd = (offer * 2 + 1) * 2'654'435'769U;
  const std::uint32_t mixed = (customer_hash ^ (customer_hash >> 15)) * odd;
  return (mixed ^ (mixed >> 13)) * 2'246'822'519U >> (32 - tie_bits);
}

/// Values that are not above 0 are not offered.
[[nodiscard]] constexpr std::int64_t fine_value(std::int64_t value_millionths, std::uint32_t tie) {
  if (value_millionths <= 0) return not_offered;
  return value_millionths * (std::int64_t{1} << tie_bits) + tie;
}

}  // namespace rankwise
