#pragma once
// What a BG/NBD model expects of a customer, and what that is worth today.

#include "kernels/lifetime/bg_nbd.hpp"

namespace rankwise {

/// E[X(t) | x, t_x, T]: purchases in the `duration` after the analysis date, of a customer with this history. Of a new
/// customer, whose first purchase is at time 0, the history is all zeros. Gauss' series after Euler's transformation,
/// arranged so that a near 1, a + b below 1 and thousands of repeats neither cancel nor overflow. Finite and >= 0.
[[nodiscard]] double expected_purchases(const BgNbd& parameters, const PurchaseHistory& history, double duration);

/// How purchases of the future are counted.
struct Horizon {
  double duration = 0;  ///< in the model's unit of time
  double period = 0;    ///< > 0; the last one may be shorter
  double discount = 0;  ///< per unit of time as a logarithm: ln(1 + rate), >= 0
};

/// sum over periods of (E[X(end)] - E[X(begin)]) e^(-discount end).
[[nodiscard]] double discounted_purchases(const BgNbd& parameters, const PurchaseHistory& history,
                                          const Horizon& horizon);

}  // namespace rankwise
