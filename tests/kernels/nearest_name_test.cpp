#include "kernels/text/nearest_name.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>
#include <vector>

namespace rankwise {
namespace {

/// The definition, by recursion over prefixes.
std::size_t plain_distance(const std::string& a, const std::string& b, std::size_t i, std::size_t j) {
  if (i == 0) return j;
  if (j == 0) return i;
  std::size_t best = std::min({plain_distance(a, b, i - 1, j) + 1, plain_distance(a, b, i, j - 1) + 1,
                               plain_distance(a, b, i - 1, j - 1) + (a[i - 1] == b[j - 1] ? 0U : 1U)});
  if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
    best = std::min(best, plain_distance(a, b, i - 2, j - 2) + 1);
  }
  return best;
}

TEST(EditDistance, CountsEachKindOfSlipOnce) {
  EXPECT_EQ(edit_distance("factors", "factors"), 0U);
  EXPECT_EQ(edit_distance("factor", "factors"), 1U);
  EXPECT_EQ(edit_distance("facctors", "factors"), 1U);
  EXPECT_EQ(edit_distance("fectors", "factors"), 1U);
  EXPECT_EQ(edit_distance("fcators", "factors"), 1U);
  EXPECT_EQ(edit_distance("", "seed"), 4U);
  EXPECT_EQ(edit_distance("seed", ""), 4U);
  EXPECT_EQ(edit_distance("", ""), 0U);
}

TEST(EditDistance, EqualsItsDefinitionOnRandomWords) {
  std::mt19937 random(7);
  const auto word = [&random] {
    std::string text(random() % 6, 'a');
    for (char& c : text) c = static_cast<char>('a' + random() % 3);
    return text;
  };
  for (int trial = 0; trial < 2000; ++trial) {
    const std::string a = word();
    const std::string b = word();
    ASSERT_EQ(edit_distance(a, b), plain_distance(a, b, a.size(), b.size())) << a << " " << b;
  }
}

TEST(NearestName, FindsTheLeastDistanceAndPrefersAbbreviations) {
  const std::vector<std::string> names{"factors", "epochs", "seed", "regularization", "regularization-exponent"};
  EXPECT_EQ(nearest_name("facters", names), "factors");
  EXPECT_EQ(nearest_name("epoch", names), "epochs");
  EXPECT_EQ(nearest_name("speed", names), "seed");
  EXPECT_EQ(nearest_name("regular", names), "regularization");  // seven letters away, yet meant
  EXPECT_EQ(nearest_name("regularisation", names), "regularization");
  EXPECT_EQ(nearest_name("anything", std::vector<std::string>{}), "");
}

TEST(NearestName, NamesNothingThatIsFar) {
  const std::vector<std::string> names{"factors", "epochs", "seed", "regularization"};
  EXPECT_EQ(nearest_name("banana", names), "");
  EXPECT_EQ(nearest_name("fctrs", names), "factors");  // two letters of seven
  EXPECT_EQ(nearest_name("x", names), "");
  EXPECT_EQ(nearest_hint("sede", names, "--"), "; the nearest known one is --seed");
  EXPECT_EQ(nearest_hint("banana", names, "--"), "");
}

TEST(NearestName, OfEqualsTheFirstWins) {
  EXPECT_EQ(nearest_name("ac", std::vector<std::string>{"ab", "aa"}), "ab");
  EXPECT_EQ(nearest_name("ac", std::vector<std::string>{"aa", "ab"}), "aa");
}

}  // namespace
}  // namespace rankwise
