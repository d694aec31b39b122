// Short rows in the dual against the double reference and against the primal, on every SIMD target.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <limits>

#include "kernels/als/solve_rows.hpp"
#include "kernels/dense/eigenbasis.hpp"
#include "kernels/dense/rotate_rows.hpp"
#include "kernels/reference/reference.hpp"
#include "tests/kernels/als/row_problem.hpp"
#include "tests/kernels/random_data.hpp"
#include "tests/kernels/simd_targets.hpp"

namespace rankwise {
namespace {

using kernels::RowLoss;
using kernels::RowSystem;
using kernels::RowWorkspace;
using testing::all_objectives;
using testing::objective_of;
using testing::on_every_simd_target;
using testing::Problem;
using testing::RotatedProblem;

/// A problem whose short rows go to the dual.
struct DualProblem : RotatedProblem {
  DualProblem(const Objective& chosen, const std::vector<Index>& sizes, Index width, Index longest_dual_row)
      : RotatedProblem(chosen, sizes, width), longest_row(longest_dual_row) {}
  /// Rotates on the target in use.
  [[nodiscard]] RowSystem system() {
    RowSystem result = Problem::system();
    result.basis = diagonal_basis();
    result.dual = {longest_row, rotate()};
    return result;
  }
  Index longest_row;
};

// Around the lane limit, tile and line boundaries, and as many as unknowns; lengths repeat so that lanes fill.
const std::vector<Index> dual_sizes{3, 0, 1, 16, 3, 17, 2, 31, 15, 3, 32, 33, 47, 64, 7, 65, 1, 1, 3, 5, 100, 13, 4, 4};

TEST(DualRows, AgreeWithTheReferenceInSolutionAndLoss) {
  on_every_simd_target([] {
    for (const Objective& objective : all_objectives) {
      for (const Index width : {Index{1}, Index{16}, Index{17}, Index{65}, Index{128}}) {
        SCOPED_TRACE(width);
        DualProblem problem(objective, dual_sizes, width, width);
        const RowSystem system = problem.system();
        const Index rows = problem.ratings.rows();
        Matrix solution(rows, width);
        std::vector<RowLoss> losses(static_cast<std::size_t>(rows));
        RowWorkspace workspace(width);
        ASSERT_EQ(kernels::solve_rows(system, problem.ratings, {0, rows}, workspace, solution.view(), losses), -1);
        for (Index r = 0; r < rows; ++r) {
          testing::expect_row_near_reference(problem, r, solution, losses[static_cast<std::size_t>(r)], 1e-4);
        }
      }
    }
  });
}

TEST(DualRows, GiveTheSameBitsOnEveryTargetWithFmaAndInAnyBatch) {
  const std::vector<std::string> targets = testing::fma_targets();
  for (const Objective& objective : all_objectives) {
    for (const Index width : {Index{3}, Index{16}, Index{47}, Index{101}, Index{128}}) {
      DualProblem problem(objective, dual_sizes, width, width);
      const Index rows = problem.ratings.rows();
      std::vector<Matrix> solutions;
      for (const std::string& target : targets) {
        kernels::choose_simd_target(target);
        const RowSystem system = problem.system();
        for (const Index batch : {rows, Index{1}, Index{5}}) {
          RowWorkspace workspace(width);
          std::vector<RowLoss> losses(static_cast<std::size_t>(rows));
          solutions.emplace_back(rows, width);
          for (Index first = 0; first < rows; first += batch) {
            ASSERT_EQ(kernels::solve_rows(system, problem.ratings, {first, std::min(first + batch, rows)}, workspace,
                                          solutions.back().view(), losses),
                      -1);
          }
        }
      }
      for (const Matrix& solution : solutions) {
        EXPECT_EQ(std::memcmp(solutions[0].row(0), solution.row(0), solution.bytes()), 0) << width;
      }
    }
  }
  kernels::choose_simd_target("auto");
}

/// Largest error of a row's solution, relative to the largest element of the double solution; infinite where a row was
/// given up.
double worst_error(const RowSystem& system, const DualProblem& problem, Index width) {
  const Index rows = problem.ratings.rows();
  Matrix solution(rows, width);
  std::vector<RowLoss> losses(static_cast<std::size_t>(rows));
  RowWorkspace workspace(width);
  if (kernels::solve_rows(system, problem.ratings, {0, rows}, workspace, solution.view(), losses) >= 0) {
    return std::numeric_limits<double>::infinity();
  }
  reference::DoubleMatrix base(width, width);
  for (Index r = 0; r < width; ++r) {
    for (Index c = 0; c < width; ++c) base.at(r, c) = static_cast<double>(problem.base.row(r)[c]);
  }
  double worst = 0;
  for (Index r = 0; r < rows; ++r) {
    const auto equations = reference::normal_equations(system, base, problem.ratings.row(r));
    const std::vector<double> expected = reference::solve(equations.system, equations.rhs);
    double scale = 0;
    double error = 0;
    for (std::size_t c = 0; c < expected.size(); ++c) {
      scale = std::max(scale, std::fabs(expected[c]));
      error = std::max(error, std::fabs(static_cast<double>(solution.row(r)[c]) - expected[c]));
    }
    worst = std::max(worst, error / scale);
  }
  return worst;
}

TEST(DualRows, AreNoLessAccurateThanThePrimalWhereRegularizationIsWeak) {
  on_every_simd_target([] {
    for (const LossKind loss : {LossKind::implicit_feedback, LossKind::explicit_feedback}) {
      for (const double lambda : {1e-4, 1e-6}) {
        Objective objective = objective_of(loss, Weighting::constant, false);
        objective.regularization = lambda;
        objective.regularization_exponent = 0;
        const Index width = 64;
        DualProblem problem(objective, {1, 2, 8, 16, 17, 30, 50}, width, width);
        const RowSystem dual = problem.system();
        const double dual_error = worst_error(dual, problem, width);
        const double primal_error = worst_error(problem.Problem::system(), problem, width);
        // Both hover around a few roundings on conditioned rows, where either may win by chance.
        EXPECT_LE(dual_error, std::max(1.2 * primal_error, 2e-6)) << lambda;
        RecordProperty(
            fmt::format("{}_lambda_{}", loss == LossKind::implicit_feedback ? "implicit" : "explicit", lambda),
            fmt::format("dual {:.2e}, primal {:.2e}", dual_error, primal_error));
      }
    }
  });
}

TEST(DualRows, StandIdenticalItemsAndZeroWeights) {
  on_every_simd_target([] {
    const Index width = 33;
    Objective objective = objective_of(LossKind::implicit_feedback, Weighting::linear, false);
    objective.unobserved_weight = 1.0;  // a confidence of 1 then weighs nothing
    DualProblem problem(objective, {2, 9, 20, 31}, width, width);
    std::vector<float> values(problem.ratings.values().begin(), problem.ratings.values().end());
    for (std::size_t e = 0; e < values.size(); e += 3) values[e] = 1.0F;
    problem.ratings =
        CsrBlock({problem.ratings.offsets().begin(), problem.ratings.offsets().end()},
                 {problem.ratings.columns().begin(), problem.ratings.columns().end()}, values, problem.other.rows());
    for (Index r = 1; r < problem.other.rows(); ++r) {
      if (r % 2 == 0) std::copy_n(problem.other.row(0), problem.other.stride(), problem.other.row(r));
    }
    EXPECT_LT(worst_error(problem.system(), problem, width), 1e-5);
  });
}

TEST(Eigenbasis, DiagonalizesAndRotatesBack) {
  for (const Index width : {Index{1}, Index{5}, Index{16}, Index{65}}) {
    const Problem problem(all_objectives[0], {1}, width);
    const kernels::Eigenbasis basis = kernels::eigenbasis(problem.base.view(), width);
    const auto gramian = [&](Index i, Index j) { return static_cast<double>(problem.base.row(i)[j]); };
    const double scale = *std::max_element(problem.base_double.values.begin(), problem.base_double.values.end());
    for (Index a = 0; a < width; ++a) {
      for (Index b = 0; b < width; ++b) {
        double sum = 0;
        for (Index i = 0; i < width; ++i) {
          for (Index j = 0; j < width; ++j) {
            sum += static_cast<double>(basis.vectors.row(i)[a]) * gramian(i, j) *
                   static_cast<double>(basis.vectors.row(j)[b]);
          }
        }
        const double expected = a == b ? static_cast<double>(basis.values[static_cast<std::size_t>(a)]) : 0.0;
        EXPECT_NEAR(sum, expected, 1e-6 * scale * static_cast<double>(width));
        EXPECT_EQ(basis.vectors.row(a)[b], basis.transposed.row(b)[a]);
      }
    }
  }
}

}  // namespace
}  // namespace rankwise
