// Gramian, normal equations, Cholesky and row solver against the double reference, on every SIMD target.

#include "kernels/als/solve_rows.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>

#include "kernels/dense/cholesky.hpp"
#include "kernels/dense/gramian.hpp"
#include "kernels/reference/reference.hpp"
#include "tests/kernels/als/row_problem.hpp"
#include "tests/kernels/random_data.hpp"
#include "tests/kernels/simd_targets.hpp"

namespace rankwise {
namespace {

using kernels::RowLoss;
using kernels::RowWorkspace;
using testing::all_objectives;
using testing::on_every_simd_target;
using testing::Problem;

// 1, primes, around every tile and vector boundary, larger than a slab.
const std::vector<Index> awkward_widths{1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 48, 64, 65, 96, 101, 128, 129, 200};
// 0, 1, primes, around and beyond the entry chunk.
const std::vector<Index> awkward_sizes{0, 1, 2, 13, 127, 128, 129, 256, 300};

double largest(const reference::DoubleMatrix& matrix) {
  double result = 0;
  for (const double value : matrix.values) result = std::max(result, std::fabs(value));
  return result;
}

void expect_upper_half_near(const Matrix& actual, const reference::DoubleMatrix& expected, double tolerance) {
  const double scale = std::max(largest(expected), 1e-30);
  double worst = 0;
  for (Index r = 0; r < expected.rows; ++r) {
    for (Index c = r; c < expected.columns; ++c) {
      worst = std::max(worst, std::fabs(static_cast<double>(actual.row(r)[c]) - expected.at(r, c)) / scale);
    }
  }
  EXPECT_LT(worst, tolerance);
}

TEST(Gramian, AgreesWithTheReference) {
  on_every_simd_target([] {
    for (const Index width : awkward_widths) {
      for (const Index rows : {Index{0}, Index{1}, Index{13}, Index{64}, Index{128}}) {
        SCOPED_TRACE(width);
        const Matrix matrix = testing::random_matrix(rows, width, 3);
        Matrix gramian(padded_columns(width), padded_columns(width));
        kernels::chunk_gramian(matrix.view(), gramian.view());
        expect_upper_half_near(gramian, reference::gramian(matrix.view()), 2e-6);
      }
    }
  });
}

TEST(NormalEquations, AgreeWithTheReferenceForEveryObjective) {
  on_every_simd_target([] {
    for (const Objective& objective : all_objectives) {
      for (const Index width : {Index{1}, Index{17}, Index{64}, Index{101}}) {
        const Problem problem(objective, awkward_sizes, width);
        RowWorkspace workspace(width);
        for (Index r = 0; r < problem.ratings.rows(); ++r) {
          SCOPED_TRACE(r);
          kernels::normal_equations(problem.system(), problem.ratings.row(r), {}, workspace);
          const auto expected =
              reference::normal_equations(problem.system(), problem.base_double, problem.ratings.row(r));
          expect_upper_half_near(workspace.system.matrix, expected.system, 2e-6);
          const double scale = std::max(1e-30, largest({expected.system}));
          for (Index c = 0; c < width; ++c) {
            EXPECT_NEAR(static_cast<double>(workspace.rhs()[c]), expected.rhs[static_cast<std::size_t>(c)],
                        1e-5 * scale);
          }
        }
      }
    }
  });
}

TEST(Cholesky, SolvesConditionedSystems) {
  on_every_simd_target([] {
    for (const Index width : awkward_widths) {
      SCOPED_TRACE(width);
      const Matrix rows = testing::random_matrix(2 * width + 3, width, 5);
      reference::DoubleMatrix a = reference::gramian(rows.view());
      for (Index i = 0; i < width; ++i) a.at(i, i) += 1.0;
      kernels::SymmetricSystem system(width);
      std::vector<double> b;
      for (Index r = 0; r < width; ++r) {
        for (Index c = r; c < width; ++c) system.matrix.row(r)[c] = static_cast<float>(a.at(r, c));
        for (Index c = r; c < width; ++c) a.at(r, c) = a.at(c, r) = static_cast<double>(system.matrix.row(r)[c]);
        b.push_back(std::sin(static_cast<double>(r)));
        system.rhs()[r] = static_cast<float>(b.back());
        b.back() = static_cast<double>(system.rhs()[r]);
      }
      ASSERT_TRUE(kernels::solve_cholesky(system));
      const std::vector<double> expected = reference::solve(a, b);
      double scale = 0;
      for (const double x : expected) scale = std::max(scale, std::fabs(x));
      for (Index r = 0; r < width; ++r) {
        EXPECT_NEAR(static_cast<double>(system.rhs()[r]), expected[static_cast<std::size_t>(r)], 3e-5 * scale);
      }
    }
  });
}

TEST(Cholesky, RefusesIndefiniteAndNonFiniteSystems) {
  on_every_simd_target([] {
    for (const Index width : {Index{1}, Index{5}, Index{16}, Index{33}}) {
      for (const Index bad : {Index{0}, width / 2, width - 1}) {
        for (const float pivot : {0.0F, -1.0F, NAN, INFINITY}) {
          kernels::SymmetricSystem system(width);
          for (Index r = 0; r < width; ++r) system.matrix.row(r)[r] = 2.0F;
          system.matrix.row(bad)[bad] = pivot;
          EXPECT_FALSE(kernels::solve_cholesky(system)) << width << " " << bad << " " << pivot;
        }
      }
    }
  });
}

TEST(SolveRows, AgreesWithTheReferenceInSolutionAndLoss) {
  on_every_simd_target([] {
    for (const Objective& objective : all_objectives) {
      for (const Index width : {Index{1}, Index{16}, Index{17}, Index{65}, Index{128}}) {
        SCOPED_TRACE(width);
        const Problem problem(objective, awkward_sizes, width);
        const Index rows = problem.ratings.rows();
        Matrix solution(rows, width);
        std::vector<RowLoss> losses(static_cast<std::size_t>(rows));
        RowWorkspace workspace(width);
        ASSERT_EQ(kernels::solve_rows(problem.system(), problem.ratings, {0, rows}, workspace, solution.view(), losses),
                  -1);
        for (Index r = 0; r < rows; ++r) {
          testing::expect_row_near_reference(problem, r, solution, losses[static_cast<std::size_t>(r)], 2e-4);
        }
      }
    }
  });
}

TEST(SolveRows, GivesTheSameBitsOnEveryTargetWithFma) {
  const std::vector<std::string> targets = testing::fma_targets();
  if (targets.size() < 2) GTEST_SKIP() << "this processor has fewer than two SIMD targets with FMA";
  for (const Objective& objective : all_objectives) {
    for (const Index width : {Index{3}, Index{16}, Index{47}, Index{64}, Index{101}, Index{128}}) {
      const Problem problem(objective, awkward_sizes, width);
      const Index rows = problem.ratings.rows();
      std::vector<Matrix> solutions;
      std::vector<std::vector<RowLoss>> losses;
      for (const std::string& target : targets) {
        kernels::choose_simd_target(target);
        RowWorkspace workspace(width);
        solutions.emplace_back(rows, width);
        losses.emplace_back(static_cast<std::size_t>(rows));
        ASSERT_EQ(kernels::solve_rows(problem.system(), problem.ratings, {0, rows}, workspace, solutions.back().view(),
                                      losses.back()),
                  -1);
      }
      for (std::size_t t = 1; t < targets.size(); ++t) {
        EXPECT_EQ(std::memcmp(solutions[0].row(0), solutions[t].row(0), solutions[0].bytes()), 0) << width;
        EXPECT_EQ(std::memcmp(losses[0].data(), losses[t].data(), losses[0].size() * sizeof(RowLoss)), 0) << width;
      }
    }
  }
  kernels::choose_simd_target("auto");
}

TEST(HeavyRows, AreSummedInPartsThatAgreeWithTheReference) {
  on_every_simd_target([] {
    for (const Objective& objective : all_objectives) {
      const Index width = 17;
      Problem problem(objective, {1}, width);
      problem.other = testing::random_matrix(10'000, width, 3);
      const CsrBlock drawn = testing::random_rows({kernels::part_entries + 1, 9'000}, problem.other.rows(), 4);
      std::vector<float> values(drawn.values().begin(), drawn.values().end());
      for (float& value : values) value = objective.entry_value(value);
      problem.ratings = CsrBlock({drawn.offsets().begin(), drawn.offsets().end()},
                                 {drawn.columns().begin(), drawn.columns().end()}, values, problem.other.rows());
      const kernels::RowSystem system = problem.system();
      for (Index r = 0; r < 2; ++r) {
        const CsrRow entries = problem.ratings.row(r);
        ASSERT_TRUE(kernels::is_heavy(entries.size()));
        RowWorkspace workspace(width);
        std::vector<Matrix> sums;
        std::vector<ConstMatrixView> parts;
        for (Index part = 0; part < kernels::part_count(entries.size()); ++part) {
          sums.emplace_back(workspace.padded_width + 1, workspace.padded_width);
          const RowRange range = kernels::part_range(entries.size(), part);
          kernels::accumulate_part(system, entries.middle(range.begin, range.size()),
                                   part == 0 ? system.base : ConstMatrixView(), {}, workspace, sums.back().view());
          parts.emplace_back(sums.back().view());
        }
        Matrix solution(2, width);
        RowLoss loss;
        const kernels::PartedRow parted{entries.size(), kernels::squared_targets(entries)};
        ASSERT_TRUE(kernels::solve_parts(system, parted, parts, workspace, solution.row(r), loss));
        if (!objective.has_closed_loss()) loss.add_observed(kernels::part_loss(system, entries, solution.row(r)));
        testing::expect_row_near_reference(problem, r, solution, loss, 1e-4);
      }
    }
  });
}

/// What a row with a prior must be, by the double reference.
void expect_near_with_prior(const Problem& problem, const Matrix& prior, Index r, const Matrix& solution,
                            const RowLoss& actual) {
  const CsrRow entries = problem.ratings.row(r);
  auto equations = reference::normal_equations(problem.system(), problem.base_double, entries);
  const auto lambda =
      static_cast<double>(problem.objective.row_regularization(entries.size(), problem.system().opposite_rows));
  for (std::size_t c = 0; c < equations.rhs.size(); ++c)
    equations.rhs[c] += lambda * static_cast<double>(prior.row(r)[c]);
  const std::vector<double> expected = reference::solve(equations.system, equations.rhs);
  double scale = 0;
  for (const double value : expected) scale = std::max(scale, std::fabs(value));
  double regularizer = 0;
  for (Index c = 0; c < prior.columns(); ++c) {
    const double value = static_cast<double>(solution.row(r)[c]);
    EXPECT_NEAR(value, expected[static_cast<std::size_t>(c)], 1e-4 * scale) << c;
    regularizer += lambda * std::pow(value - static_cast<double>(prior.row(r)[c]), 2);
  }
  const RowLoss loss = reference::row_loss(problem.system(), entries, testing::row_of(solution, r));
  EXPECT_NEAR(actual.observed, loss.observed, 2e-4 * loss.observed + 1e-4);
  EXPECT_NEAR(actual.regularizer, regularizer, 1e-4 * regularizer + 1e-9);
}

TEST(Prior, RowsAreHeldNearIt) {
  on_every_simd_target([] {
    for (const Objective& objective : all_objectives) {
      for (const Index width : {Index{1}, Index{17}, Index{64}}) {
        const Problem problem(objective, awkward_sizes, width);
        const Index rows = problem.ratings.rows();
        const Matrix prior = testing::random_matrix(rows, width, 13);
        kernels::RowSystem system = problem.system();
        system.prior = prior.view();
        system.dual.longest_row = width;  // which a prior rules out
        RowWorkspace workspace(width);
        Matrix solution(rows, width);
        std::vector<RowLoss> losses(static_cast<std::size_t>(rows));
        ASSERT_EQ(kernels::solve_rows(system, problem.ratings, {0, rows}, workspace, solution.view(), losses), -1);
        EXPECT_EQ(workspace.tally.dual_rows, 0);
        for (Index r = 0; r < rows; ++r) {
          const CsrRow entries = problem.ratings.row(r);
          SCOPED_TRACE(entries.size());
          if (entries.size() == 0) {
            EXPECT_EQ(testing::row_of(solution, r), std::vector<double>(static_cast<std::size_t>(width), 0.0));
            EXPECT_EQ(losses[static_cast<std::size_t>(r)].regularizer, 0);
            continue;
          }
          expect_near_with_prior(problem, prior, r, solution, losses[static_cast<std::size_t>(r)]);
          // The same row from one part.
          Matrix sum(workspace.padded_width + 1, workspace.padded_width);
          kernels::accumulate_part(system, entries, system.base, {}, workspace, sum.view());
          Matrix parted(1, width);
          RowLoss loss;
          const ConstMatrixView part = sum.view();
          ASSERT_TRUE(kernels::solve_parts(system, {entries.size(), kernels::squared_targets(entries), prior.row(r)},
                                           {&part, 1}, workspace, parted.row(0), loss));
          EXPECT_EQ(std::memcmp(solution.row(r), parted.row(0), parted.bytes()), 0);
          EXPECT_EQ(losses[static_cast<std::size_t>(r)].regularizer, loss.regularizer);
        }
      }
    }
  });
}

TEST(HeavyRows, HaveAtMostSoManyParts) {
  const Index most = kernels::most_parts * kernels::part_entries;
  for (const Index entries :
       {Index{0}, Index{1}, kernels::part_entries, kernels::part_entries + 1, most, most + 1, Index{5'000'000'000}}) {
    const Index parts = kernels::part_count(entries);
    EXPECT_LE(parts, kernels::most_parts);
    Index next = 0;
    for (Index part = 0; part < parts; ++part) {
      const RowRange range = kernels::part_range(entries, part);
      EXPECT_EQ(range.begin, next);
      EXPECT_GT(range.size(), 0);
      next = range.end;
    }
    EXPECT_EQ(next, entries);
  }
  EXPECT_EQ(kernels::part_length(most), kernels::part_entries);
  EXPECT_EQ(kernels::part_length(most + 1), 2 * kernels::part_entries);
}

TEST(HeavyRows, OnePartIsTheWholeRow) {
  on_every_simd_target([] {
    for (const Objective& objective : all_objectives) {
      const Index width = 33;
      const Problem problem(objective, {2000}, width, 3000);
      const kernels::RowSystem system = problem.system();
      const CsrRow entries = problem.ratings.row(0);
      RowWorkspace workspace(width);
      Matrix whole(1, width);
      std::vector<RowLoss> losses(1);
      ASSERT_EQ(kernels::solve_rows(system, problem.ratings, {0, 1}, workspace, whole.view(), losses), -1);
      Matrix sum(workspace.padded_width + 1, workspace.padded_width);
      kernels::accumulate_part(system, entries, system.base, {}, workspace, sum.view());
      Matrix parted(1, width);
      RowLoss loss;
      const ConstMatrixView part = sum.view();
      ASSERT_TRUE(kernels::solve_parts(system, {entries.size(), kernels::squared_targets(entries)}, {&part, 1},
                                       workspace, parted.row(0), loss));
      if (!objective.has_closed_loss()) loss.add_observed(kernels::part_loss(system, entries, parted.row(0)));
      EXPECT_EQ(std::memcmp(whole.row(0), parted.row(0), whole.bytes()), 0);
      EXPECT_EQ(losses[0].observed, loss.observed);
      EXPECT_EQ(losses[0].observed_squares, loss.observed_squares);
      EXPECT_EQ(losses[0].regularizer, loss.regularizer);
    }
  });
}

TEST(SolveRows, NamesTheFirstRowThatCannotBeSolved) {
  on_every_simd_target([] {
    const Problem problem = testing::unsolvable_problem();
    Matrix solution(3, 16);
    std::vector<RowLoss> losses(3);
    RowWorkspace workspace(16);
    EXPECT_EQ(kernels::solve_rows(problem.system(), problem.ratings, {0, 3}, workspace, solution.view(), losses), 1);
  });
}

}  // namespace
}  // namespace rankwise
