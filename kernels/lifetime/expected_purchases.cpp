#include "kernels/lifetime/expected_purchases.hpp"

#include <algorithm>
#include <cmath>

namespace rankwise {

namespace {

constexpr int most_terms = 1'000'000;

/// first (1 + ratio(1) (1 + ratio(2) (...))), term by term.
template <class Ratio>
double series(double first, const Ratio& ratio) {
  double sum = first;
  double term = first;
  for (int n = 1; n < most_terms; ++n) {
    const double factor = ratio(static_cast<double>(n));
    term *= factor;
    sum += term;
    if (std::abs(term) <= 1e-17 * std::abs(sum) && std::abs(factor) < 1) break;
  }
  return sum;
}

/// x^-1 (1 - e^(x y)), also at x = 0.
double negative_expm1_over(double x, double y) {
  return x == 0 ? -y : -std::expm1(x * y) / x;
}

/// (a+b+x-1)/(a-1) [1 - (1-z)^(r+x) 2F1(r+x, b+x; a+b+x-1; z)], by 2F1 = (1-z)^(a-1-r-x) 2F1(a+b-1-r, a-1; ...; z):
/// with e = a - 1 that is c (1 - (1-z)^e) / e - (1-z)^e sum_{n>0} (a+b-1-r)_n (a)_{n-1} z^n / ((c+1)_{n-1} n!).
double transformed(const BgNbd& p, double x, double z, double log_rest) {
  const double c = p.a + p.b + x - 1;
  const double e = p.a - 1;
  const double first = p.a + p.b - 1 - p.r;
  const double sum = series(first * z, [&](double n) { return (first + n) * (p.a + n - 1) / ((c + n) * (n + 1)) * z; });
  return c * negative_expm1_over(e, log_rest) - std::exp(e * log_rest) * sum;
}

/// The same by the series itself, which for a > 1 + r + x stays small up to z = 1.
double direct(const BgNbd& p, double x, double z, double log_rest) {
  const double c = p.a + p.b + x - 1;
  const double exponent = p.r + x;
  const double second = p.b + x;
  const double sum = series(exponent * second / c * z,
                            [&](double n) { return (exponent + n) * (second + n) / ((c + n) * (n + 1)) * z; });
  const double rest = -std::expm1(exponent * log_rest) - std::exp(exponent * log_rest) * sum;
  return c / (p.a - 1) * rest;
}

}  // namespace

double expected_purchases(const BgNbd& p, const PurchaseHistory& history, double duration) {
  if (!(duration > 0)) return 0;
  const double x = history.repeats;
  const double until = p.alpha + history.observed_time + duration;
  const double z = duration / until;
  const double log_rest = std::log1p(-z);
  const double of_alive = p.a > 1 + p.r + x ? direct(p, x, z, log_rest) : transformed(p, x, z, log_rest);
  return std::max(0.0, of_alive) * probability_alive(p, history);
}

double discounted_purchases(const BgNbd& p, const PurchaseHistory& history, const Horizon& horizon) {
  double sum = 0;
  double before = 0;
  for (int period = 1;; ++period) {
    const double end = std::min(horizon.duration, period * horizon.period);
    const double until_end = expected_purchases(p, history, end);
    sum += std::max(0.0, until_end - before) * std::exp(-horizon.discount * end);
    before = until_end;
    if (end >= horizon.duration) return sum;
  }
}

}  // namespace rankwise
