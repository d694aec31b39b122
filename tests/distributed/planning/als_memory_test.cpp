#include "distributed/planning/als_memory.hpp"

#include <algorithm>
#include <gtest/gtest.h>

namespace rankwise {
namespace {

TEST(AlsMemory, LimitsFitIntoTheirBytes) {
  for (const Index width : {8, 128, 300}) {
    for (const bool is_rotated : {false, true}) {
      const GatherCost cost(width, is_rotated);
      for (const Index longest : {1, 100, 5000, 100'000}) {
        const Index least = least_gather_bytes(cost, longest);
        for (const Index extra : {Index{0}, Index{1}, Index{100'000}, Index{1} << 30}) {
          const GatherLimit limit = gather_limit(least + extra, cost, longest);
          EXPECT_GE(limit.batch, 256);
          EXPECT_LE(cost.batches(limit.batch, longest), least + extra);
          EXPECT_LE(cost.whole(limit.whole), least + extra);
          // The next row would not fit.
          EXPECT_GT(cost.batches(std::max(limit.batch, is_rotated ? 0 : longest) + 1, longest), least + extra);
        }
      }
    }
  }
}

TEST(AlsMemory, SidesShareWhatIsLeft) {
  const GatherCost cost(128, true);
  const SideShare users{1000, 50'000, 200};
  const SideShare items{500, 50'000, 900};
  const Index least = least_gather_bytes(cost, 200) + least_gather_bytes(cost, 900);
  for (const Index bytes : {least, 2 * least, 100 * least, Index{1} << 40}) {
    const GatherShares shares = share_gather_bytes(bytes, cost, users, 300, items, 40'000);
    EXPECT_EQ(shares.users + shares.items, bytes);
    EXPECT_GE(shares.users, least_gather_bytes(cost, 200));
    EXPECT_GE(shares.items, least_gather_bytes(cost, 900));
  }
}

TEST(AlsMemory, GrowsWithEverythingThatIsHeld) {
  const SideShare small{1000, 10'000, 100};
  const SideShare more_rows{2000, 10'000, 100};
  const SideShare more_entries{1000, 20'000, 100};
  const SideShare longer{1000, 10'000, 9000};
  const Index base = als_memory(small, small, 64, 1, 0).total();
  EXPECT_GE(als_memory(more_rows, small, 64, 1, 0).total(), base + 1000 * 64 * 4);
  EXPECT_GE(als_memory(more_entries, small, 64, 1, 0).total(), base + 10'000 * 8);
  EXPECT_GT(als_memory(longer, small, 64, 1, 0).total(), base);
  EXPECT_GT(als_memory(small, small, 64, 2, 0).total(), base);
  EXPECT_EQ(als_memory(small, small, 64, 1, 12'345).total(), base + 12'345);
}

}  // namespace
}  // namespace rankwise
