#pragma once
// What each offer is worth with each customer: computed from columns when it is asked for, never held for all pairs.

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "kernels/base/types.hpp"

namespace rankwise {

/// Of reading an offer's value with a customer: how much work a thread of a team has.
inline constexpr double operations_per_value = 8;

/// Of this rank's customers. An offer's probability is a column's or a constant; a cell of `uplift` goes before it.
struct OfferValues {
  static constexpr std::int32_t no_probability = -1;
  static constexpr std::int64_t no_uplift = std::numeric_limits<std::int64_t>::min();

  std::vector<std::int64_t> cost_millionths;      ///< of each offer
  std::vector<std::int64_t> margin_millionths;    ///< of each offer
  std::vector<std::int32_t> column_of;            ///< of each offer: a place in `probabilities`, or -1: constant
  std::vector<std::int32_t> constant_millionths;  ///< of each offer with a constant probability
  /// Of each column and customer: millionths, or no_probability. 4 bytes for each.
  std::vector<std::vector<std::int32_t>> probabilities;
  std::vector<std::int32_t> segment_of;  ///< of each customer, or -1; empty: no customer has one
  Index segments = 0;
  /// Measured margin a head of each segment and offer, (segments + 1) x offers, the last row that of customers without
  /// a segment; no_uplift: not measured. Empty: nothing was measured.
  std::vector<std::int64_t> uplift_millionths;
  std::vector<std::uint32_t> hashes;  ///< of each customer, for ties

  [[nodiscard]] std::size_t offers() const { return cost_millionths.size(); }
  [[nodiscard]] Index customers() const { return std::ssize(hashes); }
  /// Bytes that this holds.
  [[nodiscard]] Index bytes() const;

  /// Millionths, or no_probability.
  [[nodiscard]] std::int32_t probability(Index customer, std::size_t offer) const;
  /// Of the cell; nothing if it was not measured.
  [[nodiscard]] std::optional<std::int64_t> uplift(Index customer, std::size_t offer) const;
  /// Probability x margin - cost, or uplift - cost; nothing without either.
  [[nodiscard]] std::optional<std::int64_t> value(Index customer, std::size_t offer) const;
};

/// The values of one customer after the other, what is the same for all being looked up once.
class FineValues {
 public:
  /// `values` outlives this.
  explicit FineValues(const OfferValues& values);

  /// fine_value() of each offer, not_offered without a value above 0. `out` has a place for each offer.
  void read(Index customer, std::span<std::int64_t> out) const;

 private:
  struct Offer {
    const std::int32_t* probabilities = nullptr;  // of each customer; null: constant
    std::int32_t constant_millionths = 0;
    std::int64_t margin_millionths = 0;
    std::int64_t cost_millionths = 0;
  };
  const OfferValues& values_;
  std::vector<Offer> offers_;
};

}  // namespace rankwise
