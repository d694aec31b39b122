// Classes by midranks: equal values share one, and only order matters.

#include "kernels/statistics/midrank_class.hpp"

#include <algorithm>
#include <array>
#include <gtest/gtest.h>
#include <vector>

namespace rankwise {
namespace {

std::vector<int> classes_of(const std::vector<double>& values) {
  std::vector<int> classes;
  for (const double value : values) {
    const auto less = std::ranges::count_if(values, [&](double other) { return other < value; });
    classes.push_back(midrank_class(less, std::ranges::count(values, value), std::ssize(values)));
  }
  return classes;
}

TEST(MidrankClass, DividesDistinctValuesEvenly) {
  EXPECT_EQ(classes_of({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}), (std::vector{1, 1, 2, 2, 3, 3, 4, 4, 5, 5}));
  std::vector<double> values(1000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i * 7 % 1000);
  std::array<int, 6> counts{};
  for (const int one : classes_of(values)) ++counts[static_cast<std::size_t>(one)];
  EXPECT_EQ(counts, (std::array{0, 200, 200, 200, 200, 200}));
}

TEST(MidrankClass, EqualValuesShareOne) {
  EXPECT_EQ(classes_of({7, 7, 7, 7}), (std::vector{3, 3, 3, 3}));
  EXPECT_EQ(classes_of({1, 1, 1, 1, 1, 1, 1, 1, 1, 9}), (std::vector{3, 3, 3, 3, 3, 3, 3, 3, 3, 5}));
  EXPECT_EQ(classes_of({4}), (std::vector{3}));
}

TEST(MidrankClass, OnlyOrderMatters) {
  const std::vector<double> values{3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9};
  std::vector<double> changed = values;
  for (double& value : changed) value = value * value * value * 1e-3 - 17;
  EXPECT_EQ(classes_of(values), classes_of(changed));
}

TEST(MidrankClass, HoldsForVeryManyValues) {
  constexpr Index count = Index{1} << 58;
  EXPECT_EQ(midrank_class(0, 1, count), 1);
  EXPECT_EQ(midrank_class(count - 1, 1, count), 5);
  EXPECT_EQ(midrank_class(0, count, count), 3);
}

}  // namespace
}  // namespace rankwise
