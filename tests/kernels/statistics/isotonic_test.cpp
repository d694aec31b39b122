// Isotonic regression of shares against its definition by minima and maxima.

#include "kernels/statistics/isotonic.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>
#include <vector>

namespace rankwise {
namespace {

double mean_rate(const std::vector<Outcomes>& bins, std::size_t first, std::size_t last) {
  Outcomes sum;
  for (std::size_t bin = first; bin <= last; ++bin) sum += bins[bin];
  return sum.rate();
}

/// max over j <= i of min over k >= i of the mean of bins j..k (Barlow et al., 1972); every bin has events.
std::vector<double> by_definition(const std::vector<Outcomes>& bins) {
  std::vector<double> rates;
  for (std::size_t i = 0; i < bins.size(); ++i) {
    double highest = 0;
    for (std::size_t j = 0; j <= i; ++j) {
      double lowest = 1;
      for (std::size_t k = i; k < bins.size(); ++k) lowest = std::min(lowest, mean_rate(bins, j, k));
      highest = std::max(highest, lowest);
    }
    rates.push_back(highest);
  }
  return rates;
}

std::vector<double> rates_of(const std::vector<IsotonicBlock>& blocks) {
  std::vector<double> rates;
  for (const IsotonicBlock& block : blocks) rates.resize(block.end, block.outcomes.rate());
  return rates;
}

TEST(Isotonic, IsTheRegressionOfItsDefinition) {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    std::vector<Outcomes> bins(1 + random() % 12);
    for (Outcomes& bin : bins) {
      bin.events = 1 + random() % 9;
      bin.successes = random() % static_cast<unsigned>(bin.events + 1);
    }
    const std::vector<double> found = rates_of(isotonic_blocks(bins, 0));
    const std::vector<double> expected = by_definition(bins);
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t bin = 0; bin < bins.size(); ++bin) EXPECT_NEAR(found[bin], expected[bin], 1e-15) << round;
  }
}

TEST(Isotonic, KeepsAllEventsAndJoinsSmallBlocks) {
  std::mt19937 random(5);
  for (int round = 0; round < 200; ++round) {
    std::vector<Outcomes> bins(random() % 40);
    Outcomes all;
    for (Outcomes& bin : bins) {
      bin.events = random() % 3 == 0 ? random() % 20 : 0;
      bin.successes = bin.events > 0 ? random() % static_cast<unsigned>(bin.events + 1) : 0;
      all += bin;
    }
    const std::vector<IsotonicBlock> blocks = isotonic_blocks(bins, 15);
    Outcomes kept;
    std::size_t end = 0;
    double rate = -1;
    for (const IsotonicBlock& block : blocks) {
      EXPECT_GT(block.end, end);
      EXPECT_GE(block.outcomes.rate(), rate);
      if (all.events >= 15) {
        EXPECT_GE(block.outcomes.events, 15) << round;
      }
      end = block.end;
      rate = block.outcomes.rate();
      kept += block.outcomes;
    }
    EXPECT_EQ(kept.events, all.events);
    EXPECT_EQ(kept.successes, all.successes);
    EXPECT_EQ(blocks.empty(), all.events == 0);
    if (!blocks.empty()) {
      EXPECT_EQ(end, bins.size());
    }
  }
}

}  // namespace
}  // namespace rankwise
