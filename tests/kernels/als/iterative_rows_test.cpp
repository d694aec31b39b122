// Conjugate gradients and subspace blocks against the double reference, on every SIMD target.

#include "kernels/als/iterative_rows.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>

#include "kernels/reference/reference.hpp"
#include "tests/kernels/als/row_problem.hpp"
#include "tests/kernels/random_data.hpp"
#include "tests/kernels/simd_targets.hpp"

namespace rankwise {
namespace {

using kernels::ConjugateGradients;
using kernels::RowLoss;
using kernels::RowSystem;
using kernels::RowWorkspace;
using kernels::SubspaceBlocks;
using testing::all_objectives;
using testing::on_every_simd_target;
using testing::Problem;
using testing::RotatedProblem;
using testing::row_of;

// One entry, a line, around lines, around the vectors that a pass over the base holds.
const std::vector<Index> widths{1, 16, 17, 65, 128};
// 0, 1, around groups of entries and beyond the entry chunk.
const std::vector<Index> sizes{0, 1, 2, 13, 127, 129, 300};

/// A problem's half-sweep as a method takes it.
RowSystem system_for(RotatedProblem& problem, const ConjugateGradients& /*method*/) {
  RowSystem system = problem.system();
  system.other = problem.rotate();
  system.basis = problem.diagonal_basis();
  return system;
}
RowSystem system_for(RotatedProblem& problem, const SubspaceBlocks& /*method*/) {
  return problem.system();
}

/// The solution and losses of all rows of a problem.
struct Improved {
  Matrix solution;
  std::vector<RowLoss> losses;
};

/// All rows after `passes` from `start`.
template <class Method>
Improved improve(RotatedProblem& problem, const Method& method, Matrix start, int passes = 1) {
  const Index rows = problem.ratings.rows();
  Improved improved{std::move(start), std::vector<RowLoss>(static_cast<std::size_t>(rows))};
  RowWorkspace workspace(problem.other.columns());
  const RowSystem system = system_for(problem, method);
  for (int pass = 0; pass < passes; ++pass) {
    EXPECT_EQ(kernels::improve_rows(system, problem.ratings, RowRange{0, rows}, method, workspace,
                                    improved.solution.view(), improved.losses),
              -1);
  }
  return improved;
}

Matrix random_start(const Problem& problem) {
  return testing::random_matrix(problem.ratings.rows(), problem.other.columns(), 17);
}

/// A row's normal equations and their exact solution.
struct ExactRow {
  ExactRow(const Problem& problem, Index r)
      : equations(reference::normal_equations(problem.system(), problem.base_double, problem.ratings.row(r))),
        solution(reference::solve(equations.system, equations.rhs)) {}

  /// x A x / 2 - b x; least at the solution.
  [[nodiscard]] double objective_at(const std::vector<double>& x) const {
    double value = 0;
    for (std::size_t r = 0; r < x.size(); ++r) {
      double product = 0;
      for (std::size_t c = 0; c < x.size(); ++c) {
        product += equations.system.at(static_cast<Index>(r), static_cast<Index>(c)) * x[c];
      }
      value += x[r] * (product / 2 - equations.rhs[r]);
    }
    return value;
  }

  reference::NormalEquations equations;
  std::vector<double> solution;
};

void expect_exact(const Problem& problem, const Improved& improved, double tolerance) {
  for (Index r = 0; r < problem.ratings.rows(); ++r) {
    testing::expect_row_near_reference(problem, r, improved.solution, improved.losses[static_cast<std::size_t>(r)],
                                       tolerance);
  }
}

void expect_zero_padding(const Matrix& matrix) {
  for (Index r = 0; r < matrix.rows(); ++r) {
    for (Index c = matrix.columns(); c < matrix.stride(); ++c) EXPECT_EQ(matrix.row(r)[c], 0.0F);
  }
}

/// `after` is no worse than `before` by the row's objective, but for the rounding of `after` itself: the objective is
/// measured from its least value, rounding from the sum of its terms.
void expect_no_rise(const Problem& problem, const Matrix& before, const Matrix& after) {
  for (Index r = 0; r < problem.ratings.rows(); ++r) {
    if (problem.ratings.row_size(r) == 0) continue;
    const ExactRow exact(problem, r);
    const double least = exact.objective_at(exact.solution);
    const double start = exact.objective_at(row_of(before, r)) - least;
    const double end = exact.objective_at(row_of(after, r)) - least;
    EXPECT_LE(end, start * (1 + 1e-6) + 1e-6 * std::fabs(least)) << problem.ratings.row_size(r);
  }
}

template <class Check>
void for_every_problem(const std::vector<Index>& chosen_widths, Check&& check) {
  for (std::size_t o = 0; o < all_objectives.size(); ++o) {
    for (const Index width : chosen_widths) {
      SCOPED_TRACE(::testing::Message() << "objective " << o << ", width " << width);
      RotatedProblem problem(all_objectives[o], sizes, width);
      check(problem);
    }
  }
}

TEST(ConjugateGradients, ReachTheExactSolution) {
  on_every_simd_target([] {
    for_every_problem(widths, [](RotatedProblem& problem) {
      const Improved improved =
          improve(problem, ConjugateGradients{2 * problem.other.columns()}, random_start(problem));
      expect_exact(problem, improved, 2e-4);
      expect_zero_padding(improved.solution);
    });
  });
}

TEST(ConjugateGradients, ReachTheExactSolutionFromZero) {
  on_every_simd_target([] {
    for_every_problem({17, 65}, [](RotatedProblem& problem) {
      expect_exact(problem,
                   improve(problem, ConjugateGradients{2 * problem.other.columns()},
                           Matrix(problem.ratings.rows(), problem.other.columns())),
                   2e-4);
    });
  });
}

TEST(ConjugateGradients, NeverRaiseTheObjective) {
  on_every_simd_target([] {
    for_every_problem({1, 17, 65}, [](RotatedProblem& problem) {
      Matrix before = random_start(problem);
      for (const Index steps : {Index{1}, Index{2}, Index{3}, Index{5}, Index{8}, Index{30}, Index{100}}) {
        SCOPED_TRACE(steps);
        Improved improved = improve(problem, ConjugateGradients{steps}, random_start(problem));
        expect_no_rise(problem, before, improved.solution);
        before = std::move(improved.solution);
      }
    });
  });
}

TEST(ConjugateGradients, StopWhereTheResidualIsZero) {
  on_every_simd_target([] {
    RotatedProblem problem(all_objectives[3], {5}, 17);
    const std::vector<float> zeros(5);
    problem.ratings = CsrBlock({0, 5}, {0, 1, 2, 3, 4}, zeros, problem.other.rows());
    const Improved improved = improve(problem, ConjugateGradients{3}, Matrix(1, 17));
    EXPECT_EQ(row_of(improved.solution, 0), std::vector<double>(17, 0.0));
  });
}

TEST(SubspaceBlocks, AsWideAsTheSystemAreExact) {
  on_every_simd_target([] {
    for_every_problem(widths, [](RotatedProblem& problem) {
      for (const Index block : {problem.other.columns(), Index{1000}}) {
        const Improved improved = improve(problem, SubspaceBlocks{block}, random_start(problem));
        expect_exact(problem, improved, 2e-4);
        expect_zero_padding(improved.solution);
      }
      expect_exact(problem,
                   improve(problem, SubspaceBlocks{1000}, Matrix(problem.ratings.rows(), problem.other.columns())),
                   2e-4);
    });
  });
}

TEST(SubspaceBlocks, ConvergeToTheExactSolution) {
  on_every_simd_target([] {
    // Rows far shorter than the width are conditioned badly without a base, and would take thousands of passes.
    for (const Objective& objective : all_objectives) {
      for (const Index width : {Index{17}, Index{40}, Index{65}}) {
        SCOPED_TRACE(width);
        RotatedProblem problem(objective, {0, 129, 300}, width);
        const Improved improved = improve(problem, SubspaceBlocks{16}, random_start(problem), 100);
        expect_exact(problem, improved, 2e-4);
        expect_zero_padding(improved.solution);
      }
    }
  });
}

TEST(SubspaceBlocks, NeverRaiseTheObjective) {
  on_every_simd_target([] {
    for_every_problem({1, 17, 65}, [](RotatedProblem& problem) {
      for (const Index block : {Index{1}, Index{32}}) {
        Matrix before = random_start(problem);
        for (int passes : {1, 2, 3, 5, 20}) {
          SCOPED_TRACE(passes);
          Improved improved = improve(problem, SubspaceBlocks{block}, random_start(problem), passes);
          expect_no_rise(problem, before, improved.solution);
          before = std::move(improved.solution);
        }
      }
    });
  });
}

TEST(SubspaceBlocks, RoundBlocksUpToWholeLines) {
  RotatedProblem problem(all_objectives[1], sizes, 65);
  const Improved narrow = improve(problem, SubspaceBlocks{17}, random_start(problem));
  const Improved whole = improve(problem, SubspaceBlocks{32}, random_start(problem));
  EXPECT_EQ(std::memcmp(narrow.solution.row(0), whole.solution.row(0), whole.solution.bytes()), 0);
}

TEST(SubspaceBlocks, NameTheFirstRowThatCannotBeSolved) {
  on_every_simd_target([] {
    const Problem problem = testing::unsolvable_problem();
    Matrix solution(3, 16);
    std::vector<RowLoss> losses(3);
    RowWorkspace workspace(16);
    EXPECT_EQ(kernels::improve_rows(problem.system(), problem.ratings, {0, 3}, SubspaceBlocks{}, workspace,
                                    solution.view(), losses),
              1);
  });
}

/// Names the first row whose start is not a number.
template <class Method>
void expect_refusal_of_non_finite_rows(const Method& method) {
  on_every_simd_target([&method] {
    RotatedProblem problem(all_objectives[0], {13, 13, 13}, 33);
    Matrix solution = random_start(problem);
    solution.row(1)[20] = NAN;
    std::vector<RowLoss> losses(3);
    RowWorkspace workspace(33);
    const RowSystem system = system_for(problem, method);
    EXPECT_EQ(
        kernels::improve_rows(system, problem.ratings, RowRange{0, 3}, method, workspace, solution.view(), losses), 1);
    EXPECT_EQ(
        kernels::improve_rows(system, problem.ratings, RowRange{2, 3}, method, workspace, solution.view(), losses), -1);
  });
}

TEST(ConjugateGradients, RefuseNonFiniteRows) {
  expect_refusal_of_non_finite_rows(ConjugateGradients{});
}

TEST(SubspaceBlocks, RefuseNonFiniteRows) {
  expect_refusal_of_non_finite_rows(SubspaceBlocks{16});
}

/// memcmp of solutions and losses between all targets with FMA, the first against the others.
template <class Method>
void expect_the_same_bits(const Method& method) {
  const std::vector<std::string> targets = testing::fma_targets();
  if (targets.size() < 2) GTEST_SKIP() << "this processor has fewer than two SIMD targets with FMA";
  for_every_problem({1, 3, 16, 47, 64, 101, 128, 200}, [&](RotatedProblem& problem) {
    std::vector<Improved> improved;
    for (const std::string& target : targets) {
      kernels::choose_simd_target(target);
      improved.push_back(improve(problem, method, random_start(problem)));
    }
    const Improved& first = improved[0];
    for (const Improved& other : improved) {
      EXPECT_EQ(std::memcmp(first.solution.row(0), other.solution.row(0), first.solution.bytes()), 0);
      EXPECT_EQ(std::memcmp(first.losses.data(), other.losses.data(), first.losses.size() * sizeof(RowLoss)), 0);
    }
  });
  kernels::choose_simd_target("auto");
}

TEST(ConjugateGradients, GiveTheSameBitsOnEveryTargetWithFma) {
  expect_the_same_bits(ConjugateGradients{4});
}

TEST(SubspaceBlocks, GiveTheSameBitsOnEveryTargetWithFma) {
  expect_the_same_bits(SubspaceBlocks{48});
}

/// Rows on both sides of the limit beyond which rows take their steps together, and of several column blocks.
RotatedProblem problem_with_long_rows(const Objective& objective) {
  constexpr Index width = 250;
  const Index longest = kernels::longest_row_alone(padded_columns(width));
  const Index block = kernels::columns_per_block(padded_columns(width));
  return {objective, {longest + 1, 3, 2 * block - 1, longest, 0, longest + 300}, width, 2 * block + 7};
}

TEST(ConjugateGradients, TakeLongRowsTogetherToTheExactSolution) {
  on_every_simd_target([] {
    for (const Objective& objective : all_objectives) {
      RotatedProblem problem = problem_with_long_rows(objective);
      expect_exact(problem, improve(problem, ConjugateGradients{60}, random_start(problem)), 2e-4);
    }
  });
}

/// Rows one by one from the last, each in what the others left of the workspace, have the bits of the whole batch.
template <class Method>
void expect_no_trace_of_other_rows(RotatedProblem& problem, const Method& method) {
  const Improved batch = improve(problem, method, random_start(problem));
  Matrix alone = random_start(problem);
  std::vector<RowLoss> losses(batch.losses.size());
  RowWorkspace workspace(alone.columns());
  const RowSystem system = system_for(problem, method);
  for (Index r = alone.rows() - 1; r >= 0; --r) {
    EXPECT_EQ(
        kernels::improve_rows(system, problem.ratings, RowRange{r, r + 1}, method, workspace, alone.view(), losses),
        -1);
  }
  EXPECT_EQ(std::memcmp(batch.solution.row(0), alone.row(0), alone.bytes()), 0);
  EXPECT_EQ(std::memcmp(batch.losses.data(), losses.data(), losses.size() * sizeof(RowLoss)), 0);
}

TEST(ConjugateGradients, GiveTheSameBitsInEveryBatch) {
  for_every_problem({17, 101},
                    [](RotatedProblem& problem) { expect_no_trace_of_other_rows(problem, ConjugateGradients{}); });
  for (const Objective& objective : all_objectives) {
    RotatedProblem problem = problem_with_long_rows(objective);
    expect_no_trace_of_other_rows(problem, ConjugateGradients{});
  }
}

TEST(SubspaceBlocks, GiveTheSameBitsInEveryBatch) {
  for_every_problem({17, 101},
                    [](RotatedProblem& problem) { expect_no_trace_of_other_rows(problem, SubspaceBlocks{32}); });
}

TEST(ImproveRows, CountsItsOperations) {
  EXPECT_EQ(kernels::improve_row_flops(ConjugateGradients{3}, 0, 128), 0.0);
  EXPECT_EQ(kernels::improve_row_flops(SubspaceBlocks{64}, 0, 128), 0.0);
  EXPECT_DOUBLE_EQ(kernels::improve_row_flops(ConjugateGradients{3}, 10, 32), 17 * 320 + 4096);
  EXPECT_DOUBLE_EQ(kernels::improve_row_flops(SubspaceBlocks{30}, 10, 33),
                   2 * 33 * 33 + 6 * 330 + (10 * 32 * 33 + 32768.0 / 3 + 2048) + (20 + 1.0 / 3 + 2));
}

}  // namespace
}  // namespace rankwise
