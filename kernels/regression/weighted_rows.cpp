#include "kernels/regression/weighted_rows.hpp"

namespace rankwise::kernels {

double row_product(const double* a, const double* b, Index count) {
  constexpr Index lanes = 8;
  double sums[lanes] = {};
  Index i = 0;
  for (; i + lanes <= count; i += lanes) {
    for (Index lane = 0; lane < lanes; ++lane) sums[lane] += a[i + lane] * b[i + lane];
  }
  for (Index lane = 0; i < count; ++i, ++lane) sums[lane] += a[i] * b[i];
  return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

void add_weighted_rows(const double* rows, Index width, std::span<const double> weights,
                       std::span<const double> targets, double* lower, double* right) {
  for (std::size_t r = 0; r < weights.size(); ++r, rows += width) {
    for (Index i = 0; i < width; ++i) right[i] += targets[r] * rows[i];
    double* line = lower;
    for (Index i = 0; i < width; line += ++i) {
      const double scaled = weights[r] * rows[i];
      if (scaled == 0) continue;  // of categories most columns are 0
      for (Index j = 0; j <= i; ++j) line[j] += scaled * rows[j];
    }
  }
}

}  // namespace rankwise::kernels
