#pragma once
// Repeatable half-sweeps of every objective for tests.

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <vector>

#include "kernels/als/objective.hpp"
#include "kernels/als/row_system.hpp"
#include "kernels/dense/eigenbasis.hpp"
#include "kernels/dense/rotate_rows.hpp"
#include "kernels/reference/reference.hpp"
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
  Problem(const Objective& chosen, const std::vector<Index>& sizes, Index width, Index other_rows = 301)
      : objective(chosen),
        other(random_matrix(other_rows, width, 7)),
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

/// A problem with its features in the basis where the base is diagonal.
struct RotatedProblem : Problem {
  RotatedProblem(const Objective& chosen, const std::vector<Index>& sizes, Index width, Index other_rows = 301)
      : Problem(chosen, sizes, width, other_rows), rotated(other.rows(), width) {
    if (objective.loss == LossKind::implicit_feedback) basis = kernels::eigenbasis(base.view(), width);
  }
  /// The features in the basis, rotated on the target in use.
  [[nodiscard]] ConstMatrixView rotate() {
    if (objective.loss == LossKind::explicit_feedback) return other.view();
    kernels::rotate_rows(other.view(), basis.vectors.view(), rotated.view());
    return rotated.view();
  }
  [[nodiscard]] kernels::DiagonalBasis diagonal_basis() const {
    if (objective.loss == LossKind::explicit_feedback) return {};
    return {basis.values.data(), basis.vectors.view(), basis.transposed.view()};
  }
  kernels::Eigenbasis basis;
  Matrix rotated;
};

/// A problem whose row 1 has no solution: one entry cannot determine 16 unknowns without a regularizer.
inline Problem unsolvable_problem() {
  Objective objective = objective_of(LossKind::explicit_feedback, Weighting::constant, false);
  objective.regularization = 0;
  return {objective, {0, 1, 40}, 16};
}

inline std::vector<double> row_of(const Matrix& matrix, Index r) {
  return {matrix.row(r), matrix.row(r) + matrix.columns()};
}

/// Row r's solution and loss are those of the double reference; `tolerance` is relative to the largest element. A row
/// without entries is zero.
inline void expect_row_near_reference(const Problem& problem, Index r, const Matrix& solution,
                                      const kernels::RowLoss& actual, double tolerance) {
  const CsrRow entries = problem.ratings.row(r);
  SCOPED_TRACE(entries.size());
  const std::vector<double> x = row_of(solution, r);
  if (entries.size() == 0) {
    EXPECT_EQ(x, std::vector<double>(x.size(), 0.0));
    EXPECT_EQ(actual.observed + actual.observed_squares + actual.regularizer, 0.0);
    return;
  }
  const auto equations = reference::normal_equations(problem.system(), problem.base_double, entries);
  const std::vector<double> expected = reference::solve(equations.system, equations.rhs);
  double scale = 0;
  for (const double value : expected) scale = std::max(scale, std::fabs(value));
  for (std::size_t c = 0; c < x.size(); ++c) EXPECT_NEAR(x[c], expected[c], tolerance * scale) << c;
  const kernels::RowLoss loss = reference::row_loss(problem.system(), entries, x);
  EXPECT_NEAR(actual.observed, loss.observed, 1e-4 * loss.observed + 1e-5);
  if (!problem.objective.unit_weights()) {
    EXPECT_NEAR(actual.observed_squares, loss.observed_squares, 1e-4 * loss.observed_squares + 1e-6);
  }
  EXPECT_NEAR(actual.regularizer, loss.regularizer, 1e-5 * loss.regularizer + 1e-9);
}

}  // namespace rankwise::testing
