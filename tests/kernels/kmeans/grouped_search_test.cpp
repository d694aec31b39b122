// The search by groups of centroids against distances in double, on every SIMD target, while centroids move.

#include "kernels/kmeans/grouped_search.hpp"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <numeric>
#include <set>

#include "kernels/reference/reference.hpp"
#include "tests/kernels/random_data.hpp"
#include "tests/kernels/simd_targets.hpp"

namespace rankwise {
namespace {

using kernels::group_centroids;

double distance(const float* a, const float* b, Index columns) {
  double squares = 0;
  for (Index j = 0; j < columns; ++j) {
    const double difference = static_cast<double>(a[j]) - static_cast<double>(b[j]);
    squares += difference * difference;
  }
  return std::sqrt(squares);
}

/// Searches of the same rows while their centroids move.
class MovingSearch {
 public:
  MovingSearch(const Matrix& rows, const Matrix& centroids, Index groups_per_bound)
      : nearest(static_cast<std::size_t>(rows.rows()), -1),
        rows_(rows),
        order_(kernels::order_by_nearness(centroids.view())),
        layout_{(centroids.rows() + group_centroids - 1) / group_centroids, groups_per_bound},
        at_most_(static_cast<std::size_t>(rows.rows()), std::numeric_limits<float>::infinity()),
        at_least_(rows.rows(), padded_columns(layout_.bounds())),
        before_(centroids.clone()) {
    for (Index r = 0; r < rows.rows(); ++r) {
      std::fill(at_least_.row(r) + layout_.bounds(), at_least_.row(r) + at_least_.stride(),
                std::numeric_limits<float>::infinity());
    }
  }

  kernels::GroupedSearch search(const Matrix& centroids) {
    const kernels::CentroidTable table(centroids.view());
    const kernels::CentroidGroups groups(centroids.view(), order_);
    kernels::GroupShifts shifts{{}, std::vector<float>(static_cast<std::size_t>(at_least_.stride()))};
    for (Index k = 0; k < centroids.rows(); ++k) {
      shifts.own.push_back(static_cast<float>(distance(before_.row(k), centroids.row(k), centroids.columns())) *
                           (1 + 0x1p-20F));
      float& farthest =
          shifts.farthest[static_cast<std::size_t>(layout_.bound_of(groups.place(static_cast<std::int32_t>(k))))];
      farthest = std::max(farthest, shifts.own.back());
    }
    before_ = centroids.clone();
    return kernels::find_nearest(rows_.view(), table, groups, layout_, shifts, {at_most_, at_least_.view()}, nearest);
  }

  void expect_bounds(const Matrix& centroids) {
    const kernels::CentroidGroups groups(centroids.view(), order_);
    for (Index r = 0; r < rows_.rows(); ++r) {
      const std::int32_t own = nearest[static_cast<std::size_t>(r)];
      for (std::int32_t k = 0; k < centroids.rows(); ++k) {
        const double exact = distance(rows_.row(r), centroids.row(k), rows_.columns());
        if (k == own) {
          ASSERT_GE(at_most_[static_cast<std::size_t>(r)], exact);
        } else {
          ASSERT_LE(at_least_.row(r)[layout_.bound_of(groups.place(k))], exact) << r << " " << k << " own " << own;
        }
      }
    }
  }

  std::vector<std::int32_t> nearest;

 private:
  const Matrix& rows_;
  std::vector<std::int32_t> order_;
  kernels::BoundLayout layout_;
  std::vector<float> at_most_;
  Matrix at_least_;
  Matrix before_;
};

/// Centroids a step further on a random walk, every third one for most of them.
Matrix moved(const Matrix& centroids, float step, unsigned seed) {
  const Matrix noise = testing::random_matrix(centroids.rows(), centroids.columns(), seed);
  Matrix after = centroids.clone();
  for (Index k = 0; k < after.rows(); ++k) {
    if ((k + seed) % 3 != 0) continue;
    for (Index j = 0; j < after.columns(); ++j) after.row(k)[j] += step * noise.row(k)[j];
  }
  return after;
}

TEST(GroupedSearch, FindsTheNearestWhileCentroidsMove) {
  for (const Index dimensions : {1, 3, 16, 33, 100}) {
    for (const Index count : {1, 2, 16, 17, 49, 100, 331}) {
      for (const Index groups_per_bound : {1, 2, 5}) {
        SCOPED_TRACE(::testing::Message()
                     << "d " << dimensions << " K " << count << " groups per bound " << groups_per_bound);
        const Matrix rows = testing::random_matrix(203, dimensions, 1);
        testing::on_every_simd_target([&] {
          Matrix centroids = testing::random_matrix(count, dimensions, 2);
          MovingSearch search(rows, centroids, groups_per_bound);
          for (unsigned step = 0; step < 7; ++step) {
            const kernels::GroupedSearch counts = search.search(centroids);
            ASSERT_EQ(search.nearest, reference::nearest_centroids(rows.view(), centroids.view()));
            search.expect_bounds(centroids);
            if (step == 0) {
              EXPECT_EQ(counts.passed_over, 0);
            }
            centroids = moved(centroids, step < 4 ? 0.02F : 0.4F, step);
          }
        });
      }
    }
  }
}

TEST(GroupedSearch, PassesOverRowsAndGroupsWhenNothingMoves) {
  const Matrix rows = testing::random_matrix(500, 8, 1);
  const Matrix centroids = testing::random_matrix(200, 8, 2);
  testing::on_every_simd_target([&] {
    MovingSearch search(rows, centroids, 1);
    search.search(centroids);
    const kernels::GroupedSearch second = search.search(centroids);
    EXPECT_GT(second.passed_over, 490);
    EXPECT_LT(second.scored, 500);
  });
}

TEST(GroupedSearch, GivesTiesToTheLowestCentroid) {
  Matrix rows(300, 4);
  Matrix centroids(90, 4);
  for (Index r = 0; r < rows.rows(); ++r) {
    for (Index j = 0; j < 4; ++j) rows.row(r)[j] = static_cast<float>((r * 7 + j * 5 + r * j) % 4);
  }
  for (Index k = 0; k < centroids.rows(); ++k) {
    for (Index j = 0; j < 4; ++j) centroids.row(k)[j] = static_cast<float>((k * 5 + j * 3 + k * j) % 5);
  }
  testing::on_every_simd_target([&] {
    MovingSearch search(rows, centroids, 1);
    for (int step = 0; step < 3; ++step) {
      search.search(centroids);
      EXPECT_EQ(search.nearest, reference::nearest_centroids(rows.view(), centroids.view()));
    }
  });
}

TEST(GroupedSearch, IsExactFarFromTheOriginAndForHugeAndTinyMagnitudes) {
  for (const auto& [scale, offset] :
       {std::pair{1.0F, 1e4F}, {1e37F, 0.0F}, {1e18F, 0.0F}, {1e-25F, 0.0F}, {1e-42F, 0.0F}}) {
    Matrix rows = testing::random_matrix(150, 20, 1);
    Matrix centroids = testing::random_matrix(50, 20, 2);
    for (Matrix* matrix : {&rows, &centroids}) {
      for (Index r = 0; r < matrix->rows(); ++r) {
        for (float& value : matrix->view().row_span(r)) value = value * scale + offset;
      }
    }
    testing::on_every_simd_target([&] {
      MovingSearch search(rows, centroids, 1);
      for (int step = 0; step < 2; ++step) {
        search.search(centroids);
        EXPECT_EQ(search.nearest, reference::nearest_centroids(rows.view(), centroids.view())) << scale;
      }
    });
  }
}

TEST(OrderByNearness, IsAPermutationWhoseGroupsAreCompact) {
  for (const Index count : {1, 15, 16, 17, 100, 333}) {
    const std::vector<std::int32_t> order = kernels::order_by_nearness(testing::random_matrix(count, 5, 3).view());
    std::vector<std::int32_t> sorted = order;
    std::ranges::sort(sorted);
    std::vector<std::int32_t> all(static_cast<std::size_t>(count));
    std::iota(all.begin(), all.end(), 0);
    EXPECT_EQ(sorted, all);
  }
  // Sixteen tight clusters of sixteen, dealt out in turn: each becomes a group.
  Matrix centroids(256, 3);
  for (Index k = 0; k < 256; ++k) {
    centroids.row(k)[0] = static_cast<float>((k % 16) * 100);
    centroids.row(k)[1] = static_cast<float>(k / 16);
  }
  const std::vector<std::int32_t> order = kernels::order_by_nearness(centroids.view());
  for (std::size_t group = 0; group < 16; ++group) {
    std::set<std::int32_t> clusters;
    for (std::size_t lane = 0; lane < 16; ++lane) clusters.insert(order[group * 16 + lane] % 16);
    EXPECT_EQ(clusters.size(), 1U);
  }
}

}  // namespace
}  // namespace rankwise
