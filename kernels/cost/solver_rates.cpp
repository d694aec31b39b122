#include "kernels/cost/solver_rates.hpp"

#include <algorithm>
#include <array>

#include "kernels/base/matrix.hpp"

namespace rankwise::kernels {

namespace {

/// GFLOP/s of one core at one width; benchmarks/solver_rates.py measures them and prints this table.
struct Rates {
  Index width;
  double accumulate;  ///< n k (k + 1) of the normal equations
  double factor;      ///< k^3 / 3 + 2 k^2 of factorization and solves
};

// Measured with avx512; FMA peak of one core 114.4 GFLOP/s before, 116.9 after.
constexpr std::array<Rates, 6> rates{{
    {16, 41, 5.2},
    {32, 62, 14},
    {64, 77, 30},
    {128, 90, 55},
    {256, 102, 77},
    {512, 88, 89},
}};
constexpr double rotation_gflops = 114;
constexpr double dual_gather_gflops = 6.3;  ///< 2 n k of transposing the features and combining the solution
constexpr double lane_row_gflops = 19;      ///< n (n + 1) k + 4 n k of a row that shares a system's lanes
constexpr double eigenbasis_gflops = 1.2;   ///< k^3
constexpr Index lane_row_entries = 16;      ///< rows of at most this many entries share lanes

/// The rate at `width`, linear between the table's widths.
double rate(Index width, double Rates::*kind) {
  if (width <= rates.front().width) return rates.front().*kind;
  for (std::size_t i = 1; i < rates.size(); ++i) {
    if (width > rates[i].width) continue;
    const double share =
        static_cast<double>(width - rates[i - 1].width) / static_cast<double>(rates[i].width - rates[i - 1].width);
    return rates[i - 1].*kind + share * (rates[i].*kind - rates[i - 1].*kind);
  }
  return rates.back().*kind;
}

double factor_seconds(Index width) {
  const auto k = static_cast<double>(width);
  return (k * k * k / 3 + 2 * k * k) * 1e-9 / rate(width, &Rates::factor);
}

double accumulate_seconds(Index entries, Index width) {
  const auto k = static_cast<double>(width);
  return static_cast<double>(entries) * k * (k + 1) * 1e-9 / rate(width, &Rates::accumulate);
}

}  // namespace

double primal_row_seconds(Index entries, Index width) {
  return accumulate_seconds(entries, width) + factor_seconds(width);
}

double dual_row_seconds(Index entries, Index width) {
  const auto n = static_cast<double>(entries);
  const auto k = static_cast<double>(width);
  const double back = rotation_seconds(width);
  if (entries <= lane_row_entries) return (n * (n + 1) * k + 4 * n * k) * 1e-9 / lane_row_gflops + back;
  const Index padded_entries = padded_columns(entries);
  return accumulate_seconds(width, padded_entries) + factor_seconds(padded_entries) +
         2 * n * k * 1e-9 / dual_gather_gflops + back;
}

double entry_seconds(Index width) {
  return accumulate_seconds(1, width);
}

double eigenbasis_seconds(Index width) {
  const auto k = static_cast<double>(width);
  return k * k * k * 1e-9 / eigenbasis_gflops;
}

double rotation_seconds(Index width) {
  const auto k = static_cast<double>(width);
  return 2 * k * k * 1e-9 / rotation_gflops;
}

Index longest_dual_row(Index width) {
  for (Index entries = width; entries > 0; --entries) {
    if (dual_row_seconds(entries, width) < primal_row_seconds(entries, width)) return entries;
  }
  return 0;
}

}  // namespace rankwise::kernels
