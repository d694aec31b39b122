#pragma once
// Which offers one customer gets when each has its price.

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/base/types.hpp"

namespace rankwise {

/// Of each customer.
struct OfferLimits {
  Index per_customer = 1;                 ///< offers at most
  Index per_category = 1;                 ///< of one category at most
  std::vector<std::int32_t> category_of;  ///< of each offer, from 0

  [[nodiscard]] std::size_t offers() const { return category_of.size(); }
};

/// Chooses for one customer after the other. One a thread.
class OfferChooser {
 public:
  /// `limits` outlives this.
  explicit OfferChooser(const OfferLimits& limits);

  /// The offers with the largest sum of `net` values, those above 0 alone, descending by it, equal ones ascending by
  /// number. Best first until a limit is reached is optimal, since sets within the limits are a laminar matroid. Valid
  /// until the next call.
  [[nodiscard]] std::span<const std::int32_t> choose(std::span<const std::int64_t> net);

  /// The offer with the largest net value that `held` may be extended by; -1 if none of them is above `least`. Equal
  /// ones: the lower number.
  [[nodiscard]] std::int32_t addition(std::span<const std::int64_t> net, std::span<const std::int32_t> held,
                                      std::int64_t least);

 private:
  const OfferLimits& limits_;
  std::vector<Index> of_category_;  // chosen so far; zeros between calls
  std::vector<std::int32_t> ranked_;
  std::vector<std::int32_t> chosen_;
};

}  // namespace rankwise
