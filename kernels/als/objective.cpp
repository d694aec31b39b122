#include "kernels/als/objective.hpp"

#include <cmath>

namespace rankwise {

double balanced_unobserved_weight(const MatrixSize& size) {
  constexpr double unobserved_over_observed = 20;
  if (size.interactions == 0) return 0;
  const double pairs = static_cast<double>(size.users) * static_cast<double>(size.items);
  return unobserved_over_observed * static_cast<double>(size.interactions) / pairs;
}

float Objective::entry_value(float r) const {
  if (loss == LossKind::explicit_feedback) return static_cast<float>(static_cast<double>(r) - global_mean);
  switch (weighting) {
    case Weighting::constant:
      return 1.0F;
    case Weighting::linear:
      return static_cast<float>(1.0 + alpha * static_cast<double>(r));
    case Weighting::logarithmic:
      return static_cast<float>(1.0 + alpha * std::log1p(static_cast<double>(r)));
  }
  return 1.0F;
}

float Objective::row_regularization(Index entries, Index other_rows) const {
  double mass = static_cast<double>(entries);
  if (loss == LossKind::implicit_feedback) mass += unobserved_weight * static_cast<double>(other_rows);
  return static_cast<float>(regularization * std::pow(mass, regularization_exponent));
}

float Objective::weight_shift() const {
  return unit_weights() ? 0.0F : static_cast<float>(unobserved_weight);
}

}  // namespace rankwise
