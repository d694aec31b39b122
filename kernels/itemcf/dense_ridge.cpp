#include "kernels/itemcf/dense_ridge.hpp"

#include <algorithm>
#include <cmath>

namespace rankwise {

void take_panel_off(std::span<double> matrix, Index size, RowRange panel, Index row) {
  double* below = matrix.data() + row * size;
  for (Index p = panel.begin; p < panel.end; ++p) {
    const double* finished = matrix.data() + p * size;
    const double factor = finished[row];
    for (Index c = row; c < size; ++c) below[c] -= factor * finished[c];
  }
}

bool finish_panel(std::span<double> matrix, Index size, RowRange panel) {
  for (Index row = panel.begin; row < panel.end; ++row) {
    take_panel_off(matrix, size, {panel.begin, row}, row);
    double* mine = matrix.data() + row * size;
    if (!(mine[row] > 0) || !std::isfinite(mine[row])) return false;
    const double inverse = 1 / std::sqrt(mine[row]);
    for (Index c = row; c < size; ++c) mine[c] *= inverse;
  }
  return true;
}

bool factor_symmetric(std::span<double> matrix, Index size) {
  for (Index begin = 0; begin < size; begin += ridge_panel_rows) {
    const RowRange panel{begin, std::min(begin + ridge_panel_rows, size)};
    if (!finish_panel(matrix, size, panel)) return false;
    for (Index row = panel.end; row < size; ++row) take_panel_off(matrix, size, panel, row);
  }
  return true;
}

double pivot_ratio(std::span<const double> factor, Index size) {
  if (size == 0) return 1;
  double least = factor[0];
  double most = factor[0];
  for (Index r = 1; r < size; ++r) {
    const double pivot = factor[static_cast<std::size_t>(r * size + r)];
    least = std::min(least, pivot);
    most = std::max(most, pivot);
  }
  return (most / least) * (most / least);
}

void solve_factored(std::span<const double> factor, Index size, std::span<double> vector) {
  double* x = vector.data();
  for (Index r = 0; r < size; ++r) {
    const double* row = factor.data() + r * size;
    x[r] /= row[r];
    const double taken = x[r];
    for (Index c = r + 1; c < size; ++c) x[c] -= row[c] * taken;
  }
  for (Index r = size - 1; r >= 0; --r) {
    const double* row = factor.data() + r * size;
    double sum = x[r];
    for (Index c = r + 1; c < size; ++c) sum -= row[c] * x[c];
    x[r] = sum / row[r];
  }
}

void dense_ridge_weights(std::span<const double> factor, Index size, Index j, std::span<double> weights) {
  std::ranges::fill(weights, 0.0);
  weights[static_cast<std::size_t>(j)] = 1;
  solve_factored(factor, size, weights);
  const double own = weights[static_cast<std::size_t>(j)];
  for (double& weight : weights) weight = -weight / own;
  weights[static_cast<std::size_t>(j)] = 0;
}

}  // namespace rankwise
