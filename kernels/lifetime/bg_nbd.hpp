#pragma once
// The BG/NBD model of repeat purchases (Fader, Hardie and Lee 2005): while a customer is alive, purchases are a Poisson
// process whose rate is gamma distributed over customers (r, alpha); after each purchase the customer may leave for
// good, with a chance that is beta distributed (a, b).

#include <compare>
#include <cstdint>
#include <span>

#include "kernels/base/types.hpp"
#include "kernels/lifetime/newton.hpp"

namespace rankwise {

/// All times have one unit, which is that of 1 / rate and of alpha, too.
struct PurchaseHistory {
  std::int32_t repeats = 0;  ///< x: purchases after the first one
  double last_time = 0;      ///< t_x: from the first purchase to the last one; 0 without repeats
  double observed_time = 0;  ///< T: from the first purchase to the analysis date; >= last_time

  friend auto operator<=>(const PurchaseHistory&, const PurchaseHistory&) = default;
};

/// So many customers have this history.
struct PurchaseCell {
  PurchaseHistory history;
  Index customers = 0;
};

struct BgNbd {
  double r = 0;
  double alpha = 0;  ///< in the unit of time
  double a = 0;
  double b = 0;
};

struct BgNbdFit {
  BgNbd parameters = {};
  BgNbd standard_errors = {};  ///< by the delta method from those of the logarithms; NaN if the surface has none
  double log_likelihood = 0;
  FitState state = FitState::too_few;
  int steps = 0;
  Index customers = 0;
  Index repeaters = 0;  ///< with repeats
};

/// Customers with repeats that a fit needs.
inline constexpr Index least_repeaters = 10;

/// ll = sum over customers of lgamma(r+x) - lgamma(r) + r ln alpha + lgamma(a+b) + lgamma(b+x) - lgamma(b) -
/// lgamma(a+b+x) + ln((alpha+T)^-(r+x) + [x>0] a/(b+x-1) (alpha+t_x)^-(r+x)), and its derivatives by the logarithms of
/// r, alpha, a, b. `cells` ascend by repeats; sums are in their order. With another unit of time ll moves by a
/// constant.
[[nodiscard]] SurfacePoint bg_nbd_surface(const BgNbd& parameters, std::span<const PurchaseCell> cells);

/// The likeliest parameters. `cells` ascend by repeats.
[[nodiscard]] BgNbdFit fit_bg_nbd(std::span<const PurchaseCell> cells);

/// That the customer may buy again, in [0, 1]; 1 without repeats: in this model nobody leaves but after a purchase.
[[nodiscard]] double probability_alive(const BgNbd& parameters, const PurchaseHistory& history);

}  // namespace rankwise
