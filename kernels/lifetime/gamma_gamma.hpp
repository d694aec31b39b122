#pragma once
// The Gamma-Gamma model of how much a customer's purchases are worth (Fader and Hardie 2013): values of one customer
// are gamma distributed (p, nu), and nu over customers is gamma distributed (q, v). It takes for granted that the
// number of purchases does not depend on their value.

#include <cstdint>
#include <optional>
#include <span>

#include "kernels/base/types.hpp"
#include "kernels/lifetime/newton.hpp"

namespace rankwise {

/// So many customers bought again so often, for so much in all.
struct SpendCell {
  std::int32_t repeats = 0;  ///< x > 0
  double total = 0;          ///< x times the mean value m; > 0
  Index customers = 0;
};

struct GammaGamma {
  double p = 0;
  double q = 0;
  double v = 0;  ///< in the unit of money

  /// Of a customer of whom no repeat purchase is known: p v / (q - 1); nothing for q <= 1, where it has no bound.
  [[nodiscard]] std::optional<double> mean() const {
    if (!(q > 1)) return std::nullopt;
    return p * v / (q - 1);
  }
};

struct GammaGammaFit {
  GammaGamma parameters = {};
  GammaGamma standard_errors = {};  ///< likewise as of BgNbdFit
  double log_likelihood = 0;
  double correlation = 0;  ///< Pearson's, of repeats and mean values; NaN if either is constant
  FitState state = FitState::too_few;
  int steps = 0;
  Index customers = 0;
};

/// Beyond this correlation of repeats and mean values the model's assumption is in doubt.
inline constexpr double greatest_correlation = 0.2;

/// ll = sum over customers of lgamma(px+q) - lgamma(px) - lgamma(q) + q ln v + (px-1) ln m + px ln x - (px+q) ln(xm+v),
/// and its derivatives by the logarithms of p, q, v. `cells` ascend by repeats; sums are in their order.
[[nodiscard]] SurfacePoint gamma_gamma_surface(const GammaGamma& parameters, std::span<const SpendCell> cells);

/// The likeliest parameters. `cells` ascend by repeats.
[[nodiscard]] GammaGammaFit fit_gamma_gamma(std::span<const SpendCell> cells);

/// E[M | m, x] = p (v + total) / (p x + q - 1), of a customer with repeats > 0.
[[nodiscard]] double expected_value(const GammaGamma& parameters, std::int32_t repeats, double total);

}  // namespace rankwise
