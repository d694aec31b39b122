// Transfers beyond 2^31 elements and bytes between two ranks, for real. Each rank holds one block of 2 GiB at a time,
// the sender of rows two, as it packs them. Where memory is short the tests are skipped.

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <gtest/gtest.h>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/exchange/exchange_plan.hpp"
#include "distributed/rows/partition.hpp"

namespace rankwise {
namespace {

constexpr Index gib = Index{1} << 30;
constexpr Index needed_memory = 12 * gib;

/// The machine's available memory in bytes; 0 where /proc/meminfo does not say.
Index available_memory() {
  std::ifstream file("/proc/meminfo");
  std::string name;
  Index kib = 0;
  std::string rest;
  while (file >> name >> kib && std::getline(file, rest)) {
    if (name == "MemAvailable:") return kib * 1024;
  }
  return 0;
}

class LargeTransferTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const Index available = comm_.min(available_memory());  // agreed, so that all ranks skip or none
    if (available < needed_memory) {
      GTEST_SKIP() << "needs " << needed_memory / gib << " GiB of available memory, here are " << available / gib
                   << " GiB";
    }
    if (comm_.size() != 2) GTEST_SKIP() << "needs 2 ranks";
  }
  Communicator comm_ = Communicator::world();
  int rank_ = comm_.rank();
};

/// A value that depends on every bit of its place, so that a block which arrives 2^31, 2^32 or one message away shows.
std::uint8_t mark(Index place) {
  return static_cast<std::uint8_t>((static_cast<std::uint64_t>(place) * 0x9E3779B97F4A7C15U) >> 56U);
}

/// Places to look at: around the ends of all messages of `message` elements, of all powers of two, and every 65521st.
std::vector<Index> samples(Index total, Index message) {
  std::vector<Index> places;
  const auto around = [&](Index end) {
    for (Index place = std::max(Index{0}, end - 2); place < std::min(total, end + 2); ++place) places.push_back(place);
  };
  for (Index end = 0; end < total; end += message) around(end);
  for (Index end = 1; end < total; end *= 2) around(end);
  around(total);
  for (Index place = 0; place < total; place += 65521) places.push_back(place);
  return places;
}

TEST_F(LargeTransferTest, BytesBeyondInt) {
  const Index total = 2 * gib + 12345;
  static_assert(2 * gib > std::numeric_limits<std::int32_t>::max());
  const std::vector<Index> places = samples(total, MessageLimit{}.elements_of(1));
  std::vector<std::uint8_t> values(3, 7);  // a few bytes go the other way
  if (comm_.is_root()) {
    values.resize(static_cast<std::size_t>(total));
    for (const Index place : places) values[static_cast<std::size_t>(place)] = mark(place);
  }
  const std::array<Index, 2> counts{comm_.is_root() ? 0 : 3, comm_.is_root() ? total : 0};
  const Exchanged<std::uint8_t> received = comm_.exchange(std::span<const std::uint8_t>(values), counts);
  if (comm_.is_root()) {
    EXPECT_EQ(received.values, (std::vector<std::uint8_t>(3, 7)));
  } else {
    EXPECT_EQ(received.counts, (std::vector<Index>{total, 0}));
    EXPECT_EQ(std::ranges::count_if(
                  places, [&](Index place) { return received.values[static_cast<std::size_t>(place)] != mark(place); }),
              0);
  }
}

TEST_F(LargeTransferTest, SumsBeyondInt) {
  const Index total = gib / 2 + 1001;  // 32-bit values: more than 2^31 bytes
  const std::vector<Index> places = samples(total, MessageLimit{}.elements_of(sizeof(std::int32_t)));
  std::vector<std::int32_t> values(static_cast<std::size_t>(total));
  for (const Index place : places) values[static_cast<std::size_t>(place)] = mark(place) + rank_;
  comm_.all_reduce_sum(std::span<std::int32_t>(values));
  const auto wrong = std::ranges::count_if(
      places, [&](Index place) { return values[static_cast<std::size_t>(place)] != 2 * mark(place) + 1; });
  EXPECT_EQ(wrong, 0);
}

TEST_F(LargeTransferTest, RowsBeyondIntBytes) {
  // One rank owns all rows but a chunk or none; the other one needs them all.
  constexpr Index columns = 1024;
  constexpr Index row_bytes = columns * static_cast<Index>(sizeof(float));
  const Index rows = 2 * gib / row_bytes + 4 * chunk_rows;
  std::vector<double> costs(static_cast<std::size_t>(chunk_count(rows)), 0.0);
  costs.front() = 1.0;
  const Partition owners = Partition::by_cost(rows, costs, 2);
  const RowRange mine = owners.range(rank_);
  const int owner = owners.range(0).size() > owners.range(1).size() ? 0 : 1;
  ASSERT_GT(owners.range(owner).size() * row_bytes, 2 * gib);
  Matrix local(mine.size(), columns);
  for (Index r = 0; r < mine.size(); ++r) {
    local.row(r)[0] = mark(mine.begin + r);
    local.row(r)[columns - 1] = static_cast<float>(mine.begin + r);
  }
  std::vector<Index> needed;
  for (Index row = 0; rank_ != owner && row < rows; ++row) needed.push_back(row);
  const ExchangePlan plan(comm_, NodeMap::alone(comm_.size()), owners, needed);
  Matrix gathered(plan.needed_rows(), columns);
  plan.start(comm_, local.view(), gathered.view()).wait();
  Index wrong = 0;
  for (Index r = 0; r < gathered.rows(); ++r) {
    if (gathered.row(r)[0] != mark(r) || gathered.row(r)[columns - 1] != static_cast<float>(r)) ++wrong;
  }
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace rankwise
