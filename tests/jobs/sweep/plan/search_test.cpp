#include "jobs/sweep/plan/search.hpp"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <set>

#include "kernels/base/error.hpp"

namespace rankwise {
namespace {

const Space plane{parse_parameter("x", "linear 0 .. 1", ValueKind::number),
                  parse_parameter("y", "linear 0 .. 1", ValueKind::number)};

std::vector<std::pair<double, double>> numbers(const std::vector<SearchPoint>& points) {
  std::vector<std::pair<double, double>> pairs;
  for (const SearchPoint& point : points) pairs.emplace_back(std::stod(point[0].value), std::stod(point[1].value));
  return pairs;
}

TEST(SweepSearch, GridHasEveryCombinationOnce) {
  const Space space = ordered_space({parse_parameter("weighting", "constant, linear", ValueKind::word),
                                     parse_parameter("alpha", "1, 2, 3 if weighting = linear", ValueKind::number),
                                     parse_parameter("factors", "8, 16", ValueKind::whole_number)});
  const std::vector<SearchPoint> points = search_points(space, SearchDesign::grid, 0, 100, 1).points;
  EXPECT_EQ(points.size(), 2U + 3U * 2U);
  EXPECT_EQ(std::set<SearchPoint>(points.begin(), points.end()).size(), points.size());
  EXPECT_EQ(points.front(), (SearchPoint{{"weighting", "constant"}, {"factors", "8"}}));
  EXPECT_THROW((void)search_points(space, SearchDesign::grid, 0, 7, 1), Error);
  EXPECT_THROW((void)search_points(plane, SearchDesign::grid, 0, 100, 1).points, Error);
}

TEST(SweepSearch, PointsThatComeToTheSameAreOne) {
  const Space space = ordered_space({parse_parameter("weights", "similarity, ridge", ValueKind::word),
                                     parse_parameter("penalty", "1, 2, 3", ValueKind::number)});
  const auto meaning = [](SearchPoint point) {
    if (point.front().value == "similarity") point.pop_back();
    return point;
  };
  const FoundPoints grid = search_points(space, SearchDesign::grid, 0, 4, 1, meaning);
  EXPECT_EQ(grid.combinations, 6);
  EXPECT_EQ(grid.points, (std::vector<SearchPoint>{{{"weights", "similarity"}},
                                                   {{"weights", "ridge"}, {"penalty", "1"}},
                                                   {{"weights", "ridge"}, {"penalty", "2"}},
                                                   {{"weights", "ridge"}, {"penalty", "3"}}}));
  const FoundPoints drawn = search_points(space, SearchDesign::sobol, 32, 100, 1, meaning);
  EXPECT_EQ(drawn.combinations, 32);
  EXPECT_EQ(drawn.points.size(), 4U);
}

TEST(SweepSearch, EveryDesignDependsOnTheSeedAlone) {
  for (const SearchDesign design : {SearchDesign::random, SearchDesign::sobol, SearchDesign::latin_hypercube}) {
    const auto first = search_points(plane, design, 20, 100, 1).points;
    EXPECT_EQ(first.size(), 20U);
    EXPECT_EQ(first, search_points(plane, design, 20, 100, 1).points);
    EXPECT_NE(first, search_points(plane, design, 20, 100, 2).points);
  }
  EXPECT_THROW((void)search_points(plane, SearchDesign::random, 101, 100, 1).points, Error);
}

TEST(SweepSearch, LatinHypercubeFillsEachStratumOfEachParameter) {
  std::set<int> x;
  std::set<int> y;
  for (const auto& [a, b] : numbers(search_points(plane, SearchDesign::latin_hypercube, 16, 100, 3).points)) {
    x.insert(static_cast<int>(a * 16));
    y.insert(static_cast<int>(b * 16));
  }
  EXPECT_EQ(x.size(), 16U);
  EXPECT_EQ(y.size(), 16U);
}

/// Of 2^m consecutive points of a (t, m, s)-net of base 2 each box of area 2^-m holds one, for t = 0, as in Sobol's
/// first two dimensions; a digital shift keeps that.
TEST(SweepSearch, SobolIsANet) {
  constexpr int points = 64;
  const auto all = numbers(search_points(plane, SearchDesign::sobol, points, 100, 7).points);
  for (int columns = 1; columns <= points; columns *= 2) {
    std::set<std::pair<int, int>> boxes;
    for (const auto& [a, b] : all) {
      boxes.emplace(static_cast<int>(a * columns), static_cast<int>(b * (points / columns)));
    }
    EXPECT_EQ(boxes.size(), static_cast<std::size_t>(points)) << columns;
  }
}

/// Every dimension alone is a permutation of the strata, which wrong direction numbers are not.
TEST(SweepSearch, SobolFillsTheStrataOfEveryParameter) {
  Space space;
  for (std::size_t d = 0; d < most_sobol_parameters; ++d) {
    space.push_back(parse_parameter("p" + std::to_string(d), "linear 0 .. 1", ValueKind::number));
  }
  const auto points = search_points(space, SearchDesign::sobol, 128, 200, 5).points;
  for (std::size_t d = 0; d < most_sobol_parameters; ++d) {
    std::set<int> strata;
    for (const SearchPoint& point : points) strata.insert(static_cast<int>(std::stod(point[d].value) * 128));
    EXPECT_GE(strata.size(), 126U) << d;  // values are rounded to six digits
  }
  space.push_back(parse_parameter("one-more", "linear 0 .. 1", ValueKind::number));
  EXPECT_THROW((void)search_points(space, SearchDesign::sobol, 8, 200, 5).points, Error);
}

TEST(SweepSearch, HalvingKeepsAThirdForThreeTimesAsLong) {
  EXPECT_EQ(halving_rungs(27, 27, 1, 3), (std::vector<Rung>{{27, 1}, {9, 3}, {3, 9}, {1, 27}}));
  EXPECT_EQ(halving_rungs(12, 10, 10, 3), (std::vector<Rung>{{12, 10}}));
  EXPECT_EQ(halving_rungs(5, 16, 2, 3), (std::vector<Rung>{{5, 2}, {2, 6}, {1, 16}}));
  EXPECT_THROW((void)halving_rungs(5, 2, 3, 3), Error);
}

TEST(SweepSearch, PromotesTheBestAndNeverANaN) {
  const std::vector<double> scores{0.2, std::nan(""), 0.5, 0.5, 0.1};
  EXPECT_EQ(promoted(scores, 2, Direction::maximize), (std::vector<std::size_t>{2, 3}));
  EXPECT_EQ(promoted(scores, 1, Direction::maximize), (std::vector<std::size_t>{2}));
  EXPECT_EQ(promoted(scores, 2, Direction::minimize), (std::vector<std::size_t>{0, 4}));
  EXPECT_EQ(promoted(scores, 9, Direction::minimize).size(), 5U);
}

}  // namespace
}  // namespace rankwise
