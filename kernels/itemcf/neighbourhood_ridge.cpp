#include "kernels/itemcf/neighbourhood_ridge.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/dense/cholesky.hpp"
#include "kernels/itemcf/dense_ridge.hpp"

namespace rankwise {

namespace {

/// Each refinement takes off a factor of about 2^24 / condition; what is left when it is this small is rounded off with
/// the weights, which are floats.
constexpr double small_residual = 1e-9;
constexpr int most_refinements = 4;

double largest_magnitude(std::span<const double> values) {
  double largest = 0;
  for (const double value : values) largest = std::max(largest, std::abs(value));
  return largest;
}

}  // namespace

NeighbourhoodRidge::NeighbourhoodRidge(Index most)
    : most_(most),
      matrix_(at(most * most)),
      target_(at(most)),
      solution_(at(most)),
      residual_(at(most)),
      system_(most) {}

Index NeighbourhoodRidge::bytes(Index most) {
  return most * most * static_cast<Index>(2 * sizeof(double) + 2 * sizeof(float));
}

void NeighbourhoodRidge::prepare(Index size, double penalty) {
  system_.width = size;
  const Index padded = padded_columns(size);
  for (Index r = 0; r < size; ++r) {
    gramian(r, r) += penalty;
    float* row = system_.matrix.row(r);
    for (Index c = r; c < size; ++c) row[c] = static_cast<float>(gramian(r, c));
    std::fill(row + size, row + padded, 0.0F);
    system_.rhs()[r] = static_cast<float>(target(r));
  }
  for (Index r = size; r < padded; ++r) {
    std::fill_n(system_.matrix.row(r), padded, 0.0F);
    system_.rhs()[r] = 0;
  }
}

/// Replaces the vector b by the solution of L D L^T x = b, with the float factors.
void NeighbourhoodRidge::substitute(Index size, std::vector<double>& vector) {
  double* x = vector.data();
  for (Index r = 0; r < size; ++r) {
    const float* row = system_.multipliers.row(r);
    const double taken = x[r];
    for (Index c = r + 1; c < size; ++c) x[c] -= static_cast<double>(row[c]) * taken;
  }
  for (Index r = size - 1; r >= 0; --r) {
    const float* row = system_.multipliers.row(r);
    double sum = x[r] * static_cast<double>(system_.inverse_pivots()[r]);
    for (Index c = r + 1; c < size; ++c) sum -= static_cast<double>(row[c]) * x[c];
    x[r] = sum;
  }
}

/// residual = target - A solution; its largest magnitude.
double NeighbourhoodRidge::take_residual(Index size) {
  std::copy_n(target_.begin(), size, residual_.begin());
  double* residual = residual_.data();
  const double* x = solution_.data();
  for (Index r = 0; r < size; ++r) {
    const double* row = &gramian(r, 0);
    double sum = row[r] * x[r];
    for (Index c = r + 1; c < size; ++c) {
      sum += row[c] * x[c];
      residual[c] -= row[c] * x[r];
    }
    residual[r] -= sum;
  }
  return largest_magnitude({residual, at(size)});
}

bool NeighbourhoodRidge::solve_in_float(Index size) {
  if (!kernels::solve_cholesky(system_)) return false;
  for (Index r = 0; r < size; ++r) solution_[at(r)] = static_cast<double>(system_.rhs()[r]);
  const double wanted = small_residual * largest_magnitude({target_.data(), at(size)});
  for (int step = 0; step <= most_refinements; ++step) {
    const double left = take_residual(size);
    if (!std::isfinite(left)) return false;
    if (left <= wanted) return true;
    if (step == most_refinements) break;
    substitute(size, residual_);
    for (Index r = 0; r < size; ++r) solution_[at(r)] += residual_[at(r)];
  }
  return false;
}

bool NeighbourhoodRidge::solve_in_double(Index size) {
  ++solved_in_double_;
  factor_.resize(at(size * size));
  for (Index r = 0; r < size; ++r) {
    for (Index c = r; c < size; ++c) factor_[at(r * size + c)] = gramian(r, c);
  }
  if (!factor_symmetric(factor_, size)) return false;
  condition_ = pivot_ratio(factor_, size);
  std::copy_n(target_.begin(), size, solution_.begin());
  solve_factored(factor_, size, {solution_.data(), at(size)});
  return true;
}

std::span<const double> NeighbourhoodRidge::solve(Index size, double penalty) {
  condition_ = 0;
  prepare(size, penalty);
  if (!solve_in_float(size) && !solve_in_double(size)) return {};
  return {solution_.data(), at(size)};
}

}  // namespace rankwise
