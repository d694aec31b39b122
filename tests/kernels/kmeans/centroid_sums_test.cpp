// Sums per cluster against sums of 128-bit integers, in any order, on every SIMD target.

#include "kernels/kmeans/centroid_sums.hpp"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <numeric>
#include <random>

#include "tests/kernels/random_data.hpp"
#include "tests/kernels/simd_targets.hpp"

namespace rankwise {
namespace {

using kernels::CentroidSums;
using kernels::SumQuanta;
using Clusters = std::vector<std::int32_t>;
__extension__ using Wide = __int128;

/// Weighted rows and their clusters.
struct Points {
  Points(Index count, Index dimensions, Index cluster_count)
      : clusters(cluster_count), rows(testing::random_matrix(count, dimensions, 1)) {
    std::mt19937 engine(2);
    for (Index r = 0; r < count; ++r) {
      weights.push_back(static_cast<float>(engine() % 1000) / 77.0F);
      assignment.push_back(static_cast<std::int32_t>(engine() % static_cast<unsigned>(clusters)));
    }
  }
  [[nodiscard]] SumQuanta quanta() const {
    std::vector<double> largest(static_cast<std::size_t>(rows.columns()));
    for (Index r = 0; r < rows.rows(); ++r) {
      for (std::size_t j = 0; j < largest.size(); ++j) {
        largest[j] = std::max(largest[j], std::fabs(static_cast<double>(rows.row(r)[j])) * 13);
      }
    }
    return SumQuanta::for_rows(largest, 13, rows.rows());
  }
  Index clusters;
  Matrix rows;
  std::vector<float> weights;
  Clusters assignment;
};

bool same_sums(const CentroidSums& a, const CentroidSums& b) {
  return a.values == b.values && a.counts == b.counts && a.weights == b.weights;
}

CentroidSums sums_of(const Points& points, const SumQuanta& quanta) {
  CentroidSums sums(points.clusters, points.rows.columns());
  kernels::add_rows(points.rows.view(), points.weights, points.assignment, quanta, sums);
  return sums;
}

TEST(CentroidSums, AreExactSumsOfRoundedTerms) {
  for (const Index dimensions : {1, 2, 15, 16, 17, 64, 100}) {
    SCOPED_TRACE(dimensions);
    const Points points(211, dimensions, 5);
    const SumQuanta quanta = points.quanta();
    std::vector<Wide> expected(static_cast<std::size_t>(5 * dimensions));
    std::vector<std::int64_t> counts(5);
    std::vector<std::int64_t> weights(5);
    for (Index r = 0; r < points.rows.rows(); ++r) {
      const auto cluster = static_cast<std::size_t>(points.assignment[static_cast<std::size_t>(r)]);
      const auto weight = static_cast<double>(points.weights[static_cast<std::size_t>(r)]);
      for (std::size_t j = 0; j < static_cast<std::size_t>(dimensions); ++j) {
        const double term = static_cast<double>(points.rows.row(r)[j]) * weight * quanta.inverse[j];
        ASSERT_LE(std::fabs(term), 0x1p51);
        expected[cluster * static_cast<std::size_t>(dimensions) + j] += std::llrint(term);
      }
      ++counts[cluster];
      weights[cluster] += std::llrint(weight * quanta.inverse_weight);
    }
    testing::on_every_simd_target([&] {
      const CentroidSums sums = sums_of(points, quanta);
      for (Index c = 0; c < 5; ++c) {
        for (Index j = 0; j < dimensions; ++j) {
          EXPECT_TRUE(expected[static_cast<std::size_t>(c * dimensions + j)] == sums.row(c)[j]) << c << ' ' << j;
        }
        EXPECT_TRUE(std::all_of(sums.row(c) + dimensions, sums.row(c) + sums.stride, [](auto s) { return s == 0; }));
      }
      EXPECT_EQ(sums.counts, counts);
      EXPECT_EQ(sums.weights, weights);
    });
  }
}

TEST(CentroidSums, AreNearTheSumsThatTheyStandFor) {
  const Points points(1000, 3, 1);
  const SumQuanta quanta = points.quanta();
  const CentroidSums sums = sums_of(points, quanta);
  for (Index j = 0; j < 3; ++j) {
    double expected = 0;
    for (Index r = 0; r < 1000; ++r) {
      expected +=
          static_cast<double>(points.rows.row(r)[j]) * static_cast<double>(points.weights[static_cast<std::size_t>(r)]);
    }
    EXPECT_NEAR(static_cast<double>(sums.row(0)[j]) / quanta.inverse[static_cast<std::size_t>(j)], expected, 1e-9);
  }
}

TEST(CentroidSums, DoNotDependOnOrderOrOnHowTheyWereCut) {
  const Points points(300, 19, 7);
  const SumQuanta quanta = points.quanta();
  const CentroidSums whole = sums_of(points, quanta);
  std::vector<Index> order(300);
  std::iota(order.begin(), order.end(), Index{0});
  std::shuffle(order.begin(), order.end(), std::mt19937(3));
  CentroidSums first(7, 19);
  CentroidSums second(7, 19);
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto r = static_cast<std::size_t>(order[i]);
    kernels::add_rows(points.rows.view().middle_rows(order[i], 1), std::span(points.weights).subspan(r, 1),
                      std::span(points.assignment).subspan(r, 1), quanta, i % 3 == 0 ? first : second);
  }
  first += second;
  EXPECT_TRUE(same_sums(first, whole));
}

TEST(CentroidSums, MovedRowsAreAsIfAddedThere) {
  testing::on_every_simd_target([] {
    Points points(200, 21, 6);
    const SumQuanta quanta = points.quanta();
    CentroidSums sums(6, 21);
    kernels::move_rows(points.rows.view(), points.weights, Clusters(200, -1), points.assignment, quanta, sums);
    EXPECT_TRUE(same_sums(sums, sums_of(points, quanta)));
    const Clusters before = points.assignment;
    for (std::size_t r = 0; r < 200; r += 3) points.assignment[r] = static_cast<std::int32_t>(r % 6);
    kernels::move_rows(points.rows.view(), points.weights, before, points.assignment, quanta, sums);
    EXPECT_TRUE(same_sums(sums, sums_of(points, quanta)));
  });
}

TEST(CentroidSums, WithoutWeightsAllAreOne) {
  Points points(50, 4, 3);
  const SumQuanta quanta = points.quanta();
  CentroidSums sums(3, 4);
  kernels::add_rows(points.rows.view(), {}, points.assignment, quanta, sums);
  points.weights.assign(50, 1.0F);
  EXPECT_TRUE(same_sums(sums, sums_of(points, quanta)));
}

TEST(CentroidSums, OfSparseRowsAreThoseOfTheSameDenseRows) {
  const CsrBlock block = testing::random_rows({0, 1, 5, 30, 17, 2, 0, 9}, 30, 5);
  Points points(8, 30, 3);
  points.rows = Matrix(8, 30);
  for (Index r = 0; r < 8; ++r) {
    const CsrRow row = block.row(r);
    for (std::size_t e = 0; e < row.columns.size(); ++e) points.rows.row(r)[row.columns[e]] = row.values[e];
  }
  const SumQuanta quanta = points.quanta();
  CentroidSums sums(3, 30);
  const auto weights = std::span<const float>(points.weights);
  const auto clusters = std::span<const std::int32_t>(points.assignment);
  kernels::add_rows(block, {0, 3}, weights.first(3), clusters.first(3), quanta, sums);
  kernels::add_rows(block, {3, 8}, weights.subspan(3), clusters.subspan(3), quanta, sums);
  EXPECT_TRUE(same_sums(sums, sums_of(points, quanta)));

  const Clusters before = points.assignment;
  points.assignment = {2, 2, 2, 1, 1, 1, 0, 0};
  kernels::move_rows(block, {0, 8}, weights, before, points.assignment, quanta, sums);
  EXPECT_TRUE(same_sums(sums, sums_of(points, quanta)));
  CentroidSums fresh(3, 30);
  kernels::move_rows(block, {0, 8}, weights, Clusters(8, -1), points.assignment, quanta, fresh);
  EXPECT_TRUE(same_sums(fresh, sums));
}

TEST(CentroidSums, CountOnWhereFloatsWouldStop) {
  constexpr Index batch = 1 << 16;
  constexpr Index batches = 260;  // more than 2^24 rows
  Matrix rows(batch, 1);
  for (Index r = 0; r < batch; ++r) rows.row(r)[0] = 1.0F;
  const std::vector<double> largest{1.0};
  const SumQuanta quanta = SumQuanta::for_rows(largest, 1, batch * batches);
  CentroidSums sums(1, 1);
  const Clusters clusters(static_cast<std::size_t>(batch), 0);
  for (Index b = 0; b < batches; ++b) kernels::add_rows(rows.view(), {}, clusters, quanta, sums);
  EXPECT_EQ(sums.counts[0], batch * batches);
  EXPECT_EQ(static_cast<double>(sums.row(0)[0]) / quanta.inverse[0], static_cast<double>(batch * batches));
  EXPECT_EQ(static_cast<double>(sums.weights[0]) / quanta.inverse_weight, static_cast<double>(batch * batches));
}

TEST(SumQuanta, KeepTermsBelow51BitsAndSumsBelow62) {
  for (const double largest : {0.0, 1e-30, 0.7, 1.0, 3e12, 1e38}) {
    for (const Index rows : {Index{0}, Index{1}, Index{2047}, Index{2048}, Index{100'000'000}, Index{1} << 40}) {
      const std::vector<double> magnitudes{largest};
      const double inverse = SumQuanta::for_rows(magnitudes, largest, rows).inverse[0];
      int exponent = 0;
      EXPECT_EQ(std::frexp(inverse, &exponent), 0.5);
      EXPECT_LE(largest * inverse, 0x1p51);
      const auto term = static_cast<Wide>(std::ceil(largest * inverse));
      EXPECT_TRUE(term * rows <= Wide{1} << 62);
      if (largest > 0 && rows == 100'000'000) {
        EXPECT_GT(largest * inverse, 0x1p33);
      }
    }
  }
}

}  // namespace
}  // namespace rankwise
