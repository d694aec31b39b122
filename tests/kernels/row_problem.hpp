#pragma once
// Repeatable half-sweeps of every objective for tests.

#include <vector>

#include "kernels/objective.hpp"
#include "kernels/reference.hpp"
#include "kernels/row_system.hpp"
#include "tests/kernels/random_data.hpp"

namespace rankwise::testing {

inline Objective objective_of(LossKind loss, Weighting weighting, bool biases) {
  Objective objective;
  objective.loss = loss;
  objective.weighting = weighting;
  objective.alpha = 2.0;
  objective.unobserved_weight = 0.25;
  objective.regularization = 0.05;
  objective.biases = biases;
  return objective;
}

inline const std::vector<Objective> all_objectives{
    objective_of(LossKind::implicit_feedback, Weighting::constant, false),
    objective_of(LossKind::implicit_feedback, Weighting::linear, false),
    objective_of(LossKind::implicit_feedback, Weighting::logarithmic, false),
    objective_of(LossKind::explicit_feedback, Weighting::constant, false),
    objective_of(LossKind::explicit_feedback, Weighting::constant, true)};

/// Everything that a half-sweep hands to the kernels.
struct Problem {
  Problem(const Objective& chosen, const std::vector<Index>& sizes, Index width)
      : objective(chosen),
        other(random_matrix(301, width, 7)),
        ratings(random_rows(sizes, other.rows(), 11)),
        base_double(width, width),
        base(padded_columns(width), padded_columns(width)) {
    if (objective.loss == LossKind::implicit_feedback) {
      std::vector<float> values(ratings.values().begin(), ratings.values().end());
      for (float& value : values) value = objective.entry_value(value);
      ratings = CsrBlock({ratings.offsets().begin(), ratings.offsets().end()},
                         {ratings.columns().begin(), ratings.columns().end()}, values, other.rows());
      base_double = reference::gramian(other.view());
      for (double& value : base_double.values) value *= objective.unobserved_weight;
      for (Index r = 0; r < width; ++r) {
        for (Index c = 0; c < width; ++c) base.row(r)[c] = static_cast<float>(base_double.at(r, c));
      }
    }
  }
  [[nodiscard]] kernels::RowSystem system() const {
    const bool implicit = objective.loss == LossKind::implicit_feedback;
    return {objective, other.view(), implicit ? base.view() : ConstMatrixView{}, other.rows()};
  }
  Objective objective;
  Matrix other;
  CsrBlock ratings;
  reference::DoubleMatrix base_double;
  Matrix base;
};

}  // namespace rankwise::testing
