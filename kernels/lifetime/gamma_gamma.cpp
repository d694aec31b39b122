#include "kernels/lifetime/gamma_gamma.hpp"

#include <array>
#include <boost/math/special_functions/digamma.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <boost/math/special_functions/trigamma.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "kernels/lifetime/bg_nbd.hpp"

namespace rankwise {

namespace {

using boost::math::digamma;
using boost::math::lgamma;
using boost::math::trigamma;

/// Derivatives by p, q, v themselves.
struct Sums {
  double value = 0;
  double p = 0, q = 0, v = 0;
  double pp = 0, pq = 0, pv = 0, qq = 0, qv = 0, vv = 0;

  Sums& operator+=(const Sums& o) {
    value += o.value;
    p += o.p, q += o.q, v += o.v;
    pp += o.pp, pq += o.pq, pv += o.pv, qq += o.qq, qv += o.qv, vv += o.vv;
    return *this;
  }
};

/// What depends on the number of repeats alone, of `count` customers.
Sums terms_of_repeats(const GammaGamma& at, double x, double count) {
  const double px = at.p * x;
  const double sum = px + at.q;
  const double log_v = std::log(at.v);
  Sums t;
  t.value = count * (lgamma(sum) - lgamma(px) - lgamma(at.q) + at.q * log_v + std::log(x));
  t.p = count * x * (digamma(sum) - digamma(px));
  t.q = count * (digamma(sum) - digamma(at.q) + log_v);
  t.v = count * at.q / at.v;
  t.pp = count * x * x * (trigamma(sum) - trigamma(px));
  t.pq = count * x * trigamma(sum);
  t.qq = count * (trigamma(sum) - trigamma(at.q));
  t.qv = count / at.v;
  t.vv = -count * at.q / (at.v * at.v);
  return t;
}

/// (px-1) ln m + px ln x - (px+q) ln(total+v) = px ln(total) - ln(total) + ln x - (px+q) ln(total+v).
void add_totals(const GammaGamma& at, std::span<const SpendCell> cells, Sums& sums) {
  for (const SpendCell& cell : cells) {
    const auto count = static_cast<double>(cell.customers);
    const double x = cell.repeats;
    const double sum = at.p * x + at.q;
    const double bottom = cell.total + at.v;
    const double log_total = std::log(cell.total);
    const double log_bottom = std::log(bottom);
    sums.value += count * ((at.p * x - 1) * log_total - sum * log_bottom);
    sums.p += count * x * (log_total - log_bottom);
    sums.q -= count * log_bottom;
    sums.v -= count * sum / bottom;
    sums.pv -= count * x / bottom;
    sums.qv -= count / bottom;
    sums.vv += count * sum / (bottom * bottom);
  }
}

SurfacePoint by_logarithms(const GammaGamma& at, const Sums& s) {
  const std::array values{at.p, at.q, at.v};
  SurfacePoint point{s.value, {s.p, s.q, s.v}, {s.pp, s.pq, s.pv, s.pq, s.qq, s.qv, s.pv, s.qv, s.vv}};
  for (std::size_t i = 0; i < 3; ++i) {
    point.gradient[i] *= values[i];
    for (std::size_t j = 0; j < 3; ++j) point.hessian[i * 3 + j] *= values[i] * values[j];
    point.hessian[i * 3 + i] += point.gradient[i];
  }
  return point;
}

/// Weighted moments of repeats and mean values.
struct Moments {
  double count = 0;
  double repeats = 0;
  double value = 0;
};

Moments means_of(std::span<const SpendCell> cells) {
  Moments means;
  for (const SpendCell& cell : cells) {
    const auto count = static_cast<double>(cell.customers);
    means.count += count;
    means.repeats += count * cell.repeats;
    means.value += count * cell.total / cell.repeats;
  }
  means.repeats /= means.count;
  means.value /= means.count;
  return means;
}

double correlation_of(std::span<const SpendCell> cells, const Moments& means) {
  double xx = 0;
  double mm = 0;
  double xm = 0;
  for (const SpendCell& cell : cells) {
    const auto count = static_cast<double>(cell.customers);
    const double x = cell.repeats - means.repeats;
    const double m = cell.total / cell.repeats - means.value;
    xx += count * x * x;
    mm += count * m * m;
    xm += count * x * m;
  }
  const bool is_constant = !(xx > 0) || !(mm > 0);
  return is_constant ? std::numeric_limits<double>::quiet_NaN() : xm / std::sqrt(xx * mm);
}

GammaGamma from_logarithms(std::span<const double> logarithms) {
  return {std::exp(logarithms[0]), std::exp(logarithms[1]), std::exp(logarithms[2])};
}

}  // namespace

SurfacePoint gamma_gamma_surface(const GammaGamma& parameters, std::span<const SpendCell> cells) {
  constexpr std::size_t most_in_block = 4096;  // short sums of sums round less
  Sums total;
  std::size_t begin = 0;
  while (begin < cells.size()) {
    const std::int32_t repeats = cells[begin].repeats;
    Index customers = 0;
    std::size_t end = begin;
    while (end < cells.size() && end - begin < most_in_block && cells[end].repeats == repeats)
      customers += cells[end++].customers;
    Sums sums = terms_of_repeats(parameters, repeats, static_cast<double>(customers));
    add_totals(parameters, cells.subspan(begin, end - begin), sums);
    total += sums;
    begin = end;
  }
  return by_logarithms(parameters, total);
}

GammaGammaFit fit_gamma_gamma(std::span<const SpendCell> cells) {
  GammaGammaFit fit;
  for (const SpendCell& cell : cells) fit.customers += cell.customers;
  if (fit.customers < least_repeaters) return fit;
  const Moments means = means_of(cells);
  fit.correlation = correlation_of(cells, means);
  const auto surface = [&](std::span<const double> logarithms) {
    return gamma_gamma_surface(from_logarithms(logarithms), cells);
  };
  // p = 2, q = 3, and the mean as it is.
  const SurfaceMaximum maximum = newton_maximum(surface, {std::log(2.0), std::log(3.0), std::log(means.value)});
  fit.parameters = from_logarithms(maximum.point);
  const std::vector<double>& errors = maximum.standard_errors;
  fit.standard_errors = {fit.parameters.p * errors[0], fit.parameters.q * errors[1], fit.parameters.v * errors[2]};
  fit.log_likelihood = maximum.value;
  fit.state = maximum.state;
  fit.steps = maximum.steps;
  return fit;
}

double expected_value(const GammaGamma& at, std::int32_t repeats, double total) {
  return at.p * (at.v + total) / (at.p * repeats + at.q - 1);
}

}  // namespace rankwise
