#include "kernels/lifetime/bg_nbd.hpp"

#include <boost/math/special_functions/digamma.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <boost/math/special_functions/trigamma.hpp>
#include <cmath>
#include <cstddef>
#include <vector>

namespace rankwise {

namespace {

using boost::math::digamma;
using boost::math::lgamma;
using boost::math::trigamma;

/// Derivatives by r, alpha, a, b themselves: 4 first ones and the upper triangle of the second ones.
struct Sums {
  double value = 0;
  double r = 0, alpha = 0, a = 0, b = 0;
  double rr = 0, r_alpha = 0, ra = 0, rb = 0, alpha_alpha = 0, alpha_a = 0, alpha_b = 0, aa = 0, ab = 0, bb = 0;

  Sums& operator+=(const Sums& o) {
    value += o.value;
    r += o.r, alpha += o.alpha, a += o.a, b += o.b;
    rr += o.rr, r_alpha += o.r_alpha, ra += o.ra, rb += o.rb;
    alpha_alpha += o.alpha_alpha, alpha_a += o.alpha_a, alpha_b += o.alpha_b;
    aa += o.aa, ab += o.ab, bb += o.bb;
    return *this;
  }
};

/// What depends on the number of repeats alone, for one customer.
Sums terms_of_repeats(const BgNbd& p, double x) {
  const double sum = p.a + p.b;
  Sums t;
  t.value = lgamma(p.r + x) - lgamma(p.r) + p.r * std::log(p.alpha) + lgamma(sum) + lgamma(p.b + x) - lgamma(p.b) -
            lgamma(sum + x);
  t.r = digamma(p.r + x) - digamma(p.r) + std::log(p.alpha);
  t.alpha = p.r / p.alpha;
  t.a = digamma(sum) - digamma(sum + x);
  t.b = t.a + digamma(p.b + x) - digamma(p.b);
  t.rr = trigamma(p.r + x) - trigamma(p.r);
  t.r_alpha = 1 / p.alpha;
  t.alpha_alpha = -p.r / (p.alpha * p.alpha);
  t.aa = t.ab = trigamma(sum) - trigamma(sum + x);
  t.bb = t.aa + trigamma(p.b + x) - trigamma(p.b);
  return t;
}

/// (alpha + T)^-(r+x) as a logarithm: the customer is alive at the analysis date.
void add_alive(const BgNbd& p, const PurchaseHistory& history, double count, Sums& sums) {
  const double exponent = p.r + history.repeats;
  const double time = p.alpha + history.observed_time;
  const double log_time = std::log(time);
  sums.value -= count * exponent * log_time;
  sums.r -= count * log_time;
  sums.alpha -= count * exponent / time;
  sums.r_alpha -= count / time;
  sums.alpha_alpha += count * exponent / (time * time);
}

/// ln(e^u + e^v) of both ways, alive (u) or left after the last purchase (v). `w` is the share of v.
void add_alive_or_left(const BgNbd& p, const PurchaseHistory& history, double count, Sums& sums) {
  const double x = history.repeats;
  const double exponent = p.r + x;
  const double alive_time = p.alpha + history.observed_time;
  const double left_time = p.alpha + history.last_time;
  const double log_alive = std::log(alive_time);
  const double log_left = std::log(left_time);
  const double kept = p.b + x - 1;
  const double u = -exponent * log_alive;
  const double v = std::log(p.a / kept) - exponent * log_left;
  const double ratio = std::exp(-std::abs(u - v));
  const double w = v > u ? 1 / (1 + ratio) : ratio / (1 + ratio);
  sums.value += count * (std::max(u, v) + std::log1p(ratio));

  const double alpha_u = -exponent / alive_time;
  const double alpha_v = -exponent / left_time;
  const double a_v = 1 / p.a;
  const double b_v = -1 / kept;
  const double dr = log_alive - log_left;  // derivatives of v - u
  const double dalpha = alpha_v - alpha_u;
  sums.r -= count * (log_alive - w * dr);
  sums.alpha += count * (alpha_u + w * dalpha);
  sums.a += count * w * a_v;
  sums.b += count * w * b_v;
  const double both = count * w * (1 - w);
  const double left = count * w;
  sums.rr += both * dr * dr;
  sums.r_alpha += both * dr * dalpha - count * ((1 - w) / alive_time + w / left_time);
  sums.ra += both * dr * a_v;
  sums.rb += both * dr * b_v;
  sums.alpha_alpha += both * dalpha * dalpha - count * ((1 - w) * alpha_u / alive_time + w * alpha_v / left_time);
  sums.alpha_a += both * dalpha * a_v;
  sums.alpha_b += both * dalpha * b_v;
  sums.aa += both * a_v * a_v - left * a_v * a_v;
  sums.ab += both * a_v * b_v;
  sums.bb += both * b_v * b_v + left * b_v * b_v;
}

void add_times(const BgNbd& p, std::span<const PurchaseCell> cells, Sums& sums) {
  for (const PurchaseCell& cell : cells) {
    const auto count = static_cast<double>(cell.customers);
    if (cell.history.repeats == 0) {
      add_alive(p, cell.history, count, sums);
    } else {
      add_alive_or_left(p, cell.history, count, sums);
    }
  }
}

Sums scaled(Sums t, double count) {
  t.value *= count;
  t.r *= count, t.alpha *= count, t.a *= count, t.b *= count;
  t.rr *= count, t.r_alpha *= count, t.alpha_alpha *= count, t.aa *= count, t.ab *= count, t.bb *= count;
  return t;
}

/// By logarithms: d/d ln p = p d/dp, and once more.
SurfacePoint by_logarithms(const BgNbd& p, const Sums& s) {
  const std::vector<double> values{p.r, p.alpha, p.a, p.b};
  SurfacePoint point{s.value, {s.r, s.alpha, s.a, s.b}, {}};
  point.hessian = {s.rr, s.r_alpha, s.ra, s.rb, s.r_alpha, s.alpha_alpha, s.alpha_a, s.alpha_b,
                   s.ra, s.alpha_a, s.aa, s.ab, s.rb,      s.alpha_b,     s.ab,      s.bb};
  for (std::size_t i = 0; i < 4; ++i) {
    point.gradient[i] *= values[i];
    for (std::size_t j = 0; j < 4; ++j) point.hessian[i * 4 + j] *= values[i] * values[j];
    point.hessian[i * 4 + i] += point.gradient[i];
  }
  return point;
}

/// As if nobody left, and half of all would leave after few purchases: where Newton's method begins.
std::vector<double> start_of(std::span<const PurchaseCell> cells) {
  double repeats = 0;
  double time = 0;
  for (const PurchaseCell& cell : cells) {
    repeats += static_cast<double>(cell.customers) * cell.history.repeats;
    time += static_cast<double>(cell.customers) * cell.history.observed_time;
  }
  return {0, std::log(std::max(time, 1e-6) / repeats), 0, std::log(2.0)};
}

BgNbd from_logarithms(std::span<const double> logarithms) {
  return {std::exp(logarithms[0]), std::exp(logarithms[1]), std::exp(logarithms[2]), std::exp(logarithms[3])};
}

}  // namespace

SurfacePoint bg_nbd_surface(const BgNbd& parameters, std::span<const PurchaseCell> cells) {
  constexpr std::size_t most_in_block = 4096;  // short sums of sums round less
  Sums total;
  std::size_t begin = 0;
  while (begin < cells.size()) {
    const std::int32_t repeats = cells[begin].history.repeats;
    Index customers = 0;
    std::size_t end = begin;
    while (end < cells.size() && end - begin < most_in_block && cells[end].history.repeats == repeats)
      customers += cells[end++].customers;
    Sums sums = scaled(terms_of_repeats(parameters, repeats), static_cast<double>(customers));
    add_times(parameters, cells.subspan(begin, end - begin), sums);
    total += sums;
    begin = end;
  }
  return by_logarithms(parameters, total);
}

BgNbdFit fit_bg_nbd(std::span<const PurchaseCell> cells) {
  BgNbdFit fit;
  for (const PurchaseCell& cell : cells) {
    fit.customers += cell.customers;
    if (cell.history.repeats > 0) fit.repeaters += cell.customers;
  }
  if (fit.repeaters < least_repeaters) return fit;
  const auto surface = [&](std::span<const double> logarithms) {
    return bg_nbd_surface(from_logarithms(logarithms), cells);
  };
  const SurfaceMaximum maximum = newton_maximum(surface, start_of(cells));
  fit.parameters = from_logarithms(maximum.point);
  const std::vector<double>& errors = maximum.standard_errors;
  const BgNbd& p = fit.parameters;
  fit.standard_errors = {p.r * errors[0], p.alpha * errors[1], p.a * errors[2], p.b * errors[3]};
  fit.log_likelihood = maximum.value;
  fit.state = maximum.state;
  fit.steps = maximum.steps;
  return fit;
}

double probability_alive(const BgNbd& p, const PurchaseHistory& history) {
  if (history.repeats == 0) return 1;
  const double x = history.repeats;
  const double log_ratio = std::log(p.alpha + history.observed_time) - std::log(p.alpha + history.last_time);
  return 1 / (1 + p.a / (p.b + x - 1) * std::exp((p.r + x) * log_ratio));
}

}  // namespace rankwise
