// The nearest centroid of every row against distances in double, on every SIMD target.

#include "kernels/kmeans/nearest_centroid.hpp"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <random>
#include <utility>

#include "kernels/kmeans/candidate_distances.hpp"
#include "kernels/reference/reference.hpp"
#include "tests/kernels/random_data.hpp"
#include "tests/kernels/simd_targets.hpp"

namespace rankwise {
namespace {

using Nearest = std::vector<std::int32_t>;

Nearest found(const Matrix& rows, const kernels::CentroidTable& table) {
  Nearest nearest(static_cast<std::size_t>(rows.rows()), -1);
  kernels::find_nearest(rows.view(), table, nearest);
  return nearest;
}

void expect_exact(const Matrix& rows, const Matrix& centroids) {
  const Nearest expected = reference::nearest_centroids(rows.view(), centroids.view());
  const kernels::CentroidTable table(centroids.view());
  testing::on_every_simd_target([&] { EXPECT_EQ(found(rows, table), expected); });
}

/// Every value moved and stretched.
Matrix affine(Matrix matrix, float scale, float offset) {
  for (Index r = 0; r < matrix.rows(); ++r) {
    for (float& value : matrix.view().row_span(r)) value = value * scale + offset;
  }
  return matrix;
}

/// Whole numbers in [0, values).
Matrix integer_matrix(Index rows, Index columns, unsigned values, unsigned seed) {
  std::mt19937 engine(seed);
  Matrix matrix(rows, columns);
  for (Index r = 0; r < rows; ++r) {
    for (float& value : matrix.view().row_span(r)) value = static_cast<float>(engine() % values);
  }
  return matrix;
}

TEST(FindNearest, AgreesWithDistancesInDoubleForEverySize) {
  for (const Index dimensions : {1, 2, 15, 16, 17, 64, 100, 1000}) {
    for (const Index count : {1, 2, 15, 16, 17, 48, 49, 100, 1000}) {
      SCOPED_TRACE(::testing::Message() << "d " << dimensions << " K " << count);
      const Matrix centroids = testing::random_matrix(count, dimensions, 2);
      expect_exact(testing::random_matrix(dimensions == 1000 || count == 1000 ? 61 : 113, dimensions, 1), centroids);
    }
  }
}

TEST(FindNearest, TakesAnyNumberOfRows) {
  const Matrix centroids = testing::random_matrix(19, 5, 2);
  for (const Index rows : {0, 1, 2, 3, 16, 47, 48, 49, 64, 97}) {
    SCOPED_TRACE(rows);
    expect_exact(testing::random_matrix(rows, 5, 1), centroids);
  }
}

TEST(FindNearest, GivesTiesToTheLowestCentroid) {
  for (const Index dimensions : {1, 3, 16}) {
    for (const Index count : {17, 100}) {
      expect_exact(integer_matrix(301, dimensions, 3, 1), integer_matrix(count, dimensions, 3, 2));
    }
  }
  const Matrix same = affine(Matrix(100, 33), 0, 0.1F);
  expect_exact(testing::random_matrix(50, 33, 1), same);
}

TEST(FindNearest, DecidesNearTiesExactly) {
  // All centroids within a few units in the last place of each other.
  expect_exact(testing::random_matrix(200, 40, 1), affine(testing::random_matrix(60, 40, 2), 1e-6F, 0.5F));
}

TEST(FindNearest, IsExactFarFromTheOrigin) {
  expect_exact(affine(testing::random_matrix(150, 24, 1), 1, 1e4F), affine(testing::random_matrix(50, 24, 2), 1, 1e4F));
}

TEST(FindNearest, IsExactForHugeAndTinyMagnitudes) {
  for (const float scale : {1e37F, 1e25F, 1e18F, 1e-19F, 1e-25F, 1e-42F}) {
    SCOPED_TRACE(scale);
    expect_exact(affine(testing::random_matrix(70, 20, 1), scale, 0),
                 affine(testing::random_matrix(33, 20, 2), scale, 0));
  }
}

TEST(FindNearest, RechecksOnlyWhatFloatLeavesOpen) {
  const Matrix rows = testing::random_matrix(2000, 64, 1);
  const kernels::CentroidTable table(testing::random_matrix(100, 64, 2).view());
  Nearest nearest(2000);
  testing::on_every_simd_target([&] { EXPECT_LT(kernels::find_nearest(rows.view(), table, nearest), 20); });
  const kernels::CentroidTable one(testing::random_matrix(1, 64, 2).view());
  EXPECT_EQ(kernels::find_nearest(rows.view(), one, nearest), 0);
}

double distance(const Matrix& a, Index r, const Matrix& b, Index k) {
  double squares = 0;
  for (Index j = 0; j < a.columns(); ++j) {
    const double difference = static_cast<double>(a.row(r)[j]) - static_cast<double>(b.row(k)[j]);
    squares += difference * difference;
  }
  return std::sqrt(squares);
}

TEST(FindNearest, BoundsHoldAndAreTightWhereNothingCancels) {
  for (const float offset : {0.0F, 100.0F, 1e4F}) {
    for (const Index count : {1, 2, 17, 100}) {
      SCOPED_TRACE(::testing::Message() << "offset " << offset << " K " << count);
      const Matrix rows = affine(testing::random_matrix(131, 20, 1), 1, offset);
      const Matrix centroids = affine(testing::random_matrix(count, 20, 2), 1, offset);
      const kernels::CentroidTable table(centroids.view());
      testing::on_every_simd_target([&] {
        Nearest nearest(131);
        std::vector<float> at_most(131);
        std::vector<float> at_least(131);
        kernels::find_nearest(rows.view(), table, nearest, {at_most, at_least});
        EXPECT_EQ(nearest, found(rows, table));
        for (Index r = 0; r < rows.rows(); ++r) {
          const auto row = static_cast<std::size_t>(r);
          const double own = distance(rows, r, centroids, nearest[row]);
          double other = std::numeric_limits<double>::infinity();
          for (Index k = 0; k < count; ++k) {
            if (k != nearest[row]) other = std::min(other, distance(rows, r, centroids, k));
          }
          ASSERT_GE(at_most[row], own);
          ASSERT_LE(at_least[row], other);
          if (offset == 0 && std::isfinite(at_most[row])) {
            EXPECT_NEAR(at_most[row], own, 1e-3);
            if (count > 1) {
              EXPECT_NEAR(at_least[row], other, 1e-3);
            }
          }
        }
      });
    }
  }
}

TEST(CandidateDistances, AreDistancesForEverySize) {
  for (const Index dimensions : {1, 3, 16, 33, 200}) {
    for (const Index count : {1, 3, 4, 8, 13}) {
      const Matrix rows = affine(testing::random_matrix(101, dimensions, 1), 1, 1000);
      const Matrix candidates = affine(testing::random_matrix(count, dimensions, 2), 1, 1000);
      testing::on_every_simd_target([&] {
        Matrix distances(count, rows.rows());
        kernels::candidate_distances(rows.view(), candidates.view(), distances.view());
        for (Index t = 0; t < count; ++t) {
          for (Index r = 0; r < rows.rows(); ++r) {
            const double expected = distance(rows, r, candidates, t);
            ASSERT_NEAR(distances.row(t)[r], expected * expected, 1e-4 * expected * expected);
          }
        }
      });
    }
  }
}

TEST(FindNearest, RechecksTheSameRowsOnEveryTargetWithFma) {
  const Matrix rows = affine(testing::random_matrix(500, 70, 1), 1, 3);
  const kernels::CentroidTable table(affine(testing::random_matrix(203, 70, 2), 0.01F, 3).view());
  std::vector<Index> rechecked;
  for (const std::string& target : testing::fma_targets()) {
    kernels::choose_simd_target(target);
    Nearest nearest(500);
    rechecked.push_back(kernels::find_nearest(rows.view(), table, nearest));
    EXPECT_GT(rechecked.back(), 0);
    EXPECT_EQ(rechecked.back(), rechecked.front());
  }
  kernels::choose_simd_target("auto");
}

TEST(FindNearest, DoesNotDependOnTheCutIntoBatches) {
  const Matrix rows = integer_matrix(200, 7, 5, 1);
  const kernels::CentroidTable table(integer_matrix(37, 7, 5, 2).view());
  const Nearest whole = found(rows, table);
  for (const Index batch : {1, 5, 48, 50}) {
    Nearest nearest(200);
    for (Index first = 0; first < 200; first += batch) {
      const Index size = std::min<Index>(batch, 200 - first);
      kernels::find_nearest(
          rows.view().middle_rows(first, size), table,
          std::span(nearest).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(size)));
    }
    EXPECT_EQ(nearest, whole);
  }
}

/// Rows with every kind of length, and the same rows with all their zeros.
struct SparseAndDense {
  SparseAndDense(CsrBlock block, Index dimensions) : sparse(std::move(block)), dense(sparse.rows(), dimensions) {
    for (Index r = 0; r < sparse.rows(); ++r) {
      const CsrRow row = sparse.row(r);
      for (std::size_t e = 0; e < row.columns.size(); ++e) dense.row(r)[row.columns[e]] = row.values[e];
    }
  }
  CsrBlock sparse;
  Matrix dense;
};

void expect_exact_sparse(const SparseAndDense& rows, const Matrix& centroids) {
  const Nearest expected = reference::nearest_centroids(rows.dense.view(), centroids.view());
  const kernels::CentroidTable table(centroids.view());
  const auto count = static_cast<std::size_t>(rows.sparse.rows());
  testing::on_every_simd_target([&] {
    Nearest nearest(count);
    kernels::find_nearest(rows.sparse, {0, 2}, table, std::span(nearest).first(2));
    kernels::find_nearest(rows.sparse, {2, rows.sparse.rows()}, table, std::span(nearest).subspan(2));
    EXPECT_EQ(nearest, expected);
  });
}

TEST(FindNearestOfSparseRows, AgreesWithDistancesInDouble) {
  for (const Index dimensions : {40, 1000}) {
    const SparseAndDense rows(testing::random_rows({0, 1, 2, 40, 17, 0, 3, 8, 33, 20}, dimensions, 1), dimensions);
    for (const Index count : {1, 2, 15, 16, 17, 48, 49, 100, 300, 1000}) {
      SCOPED_TRACE(count);
      expect_exact_sparse(rows, testing::random_matrix(count, dimensions, 2));
    }
  }
}

TEST(FindNearestOfSparseRows, GivesTiesToTheLowestCentroid) {
  const Index dimensions = 12;
  std::vector<Index> offsets{0};
  std::vector<LocalIndex> columns;
  std::vector<float> values;
  std::mt19937 engine(5);
  for (int r = 0; r < 200; ++r) {
    for (LocalIndex c = 0; c < dimensions; ++c) {
      if (engine() % 4 != 0) continue;
      columns.push_back(c);
      values.push_back(static_cast<float>(1 + engine() % 2));
    }
    offsets.push_back(static_cast<Index>(columns.size()));
  }
  expect_exact_sparse({CsrBlock(offsets, columns, values, dimensions), dimensions},
                      integer_matrix(100, dimensions, 2, 2));
}

}  // namespace
}  // namespace rankwise
