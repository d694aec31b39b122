#include "kernels/regression/logistic.hpp"

#include <algorithm>
#include <cmath>

namespace rankwise::kernels {

double logistic_probability(double score) {
  const double small = std::exp(-std::abs(score));
  return score >= 0 ? 1 / (1 + small) : small / (1 + small);
}

double logistic_loss(double score, double outcome) {
  return std::log1p(std::exp(-std::abs(score))) + std::max(score, 0.0) - outcome * score;
}

}  // namespace rankwise::kernels
