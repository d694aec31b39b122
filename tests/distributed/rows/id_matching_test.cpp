#include "distributed/rows/id_matching.hpp"

#include <gtest/gtest.h>
#include <map>
#include <random>
#include <string>

#include "distributed/rows/partition.hpp"

namespace rankwise {
namespace {

class IdMatchingTest : public testing::Test {
 protected:
  /// This rank's share by count of a whole table that every rank has.
  template <class Id>
  IdRows share(const std::vector<Id>& ids) {
    const auto total = static_cast<Index>(ids.size());
    const RowRange mine = Partition::by_count(total, comm_.size()).range(comm_.rank());
    return {mine, total, std::vector<Id>(ids.begin() + mine.begin, ids.begin() + mine.end)};
  }

  template <class Id>
  void expect_like_reference(const std::vector<Id>& wanted, const std::vector<Id>& known) {
    std::map<Id, Index> row_of;
    for (std::size_t row = 0; row < known.size(); ++row) row_of.emplace(known[row], static_cast<Index>(row));
    const IdRows mine = share(wanted);
    const std::vector<Index> found = find_rows_by_id(comm_, mine, share(known));
    ASSERT_EQ(std::ssize(found), mine.rows.size());
    Index matched = 0;
    for (Index r = 0; r < mine.rows.size(); ++r) {
      const auto expected = row_of.find(wanted[static_cast<std::size_t>(mine.rows.begin + r)]);
      EXPECT_EQ(found[static_cast<std::size_t>(r)], expected == row_of.end() ? -1 : expected->second);
      matched += expected == row_of.end() ? 0 : 1;
    }
    matched = comm_.sum(matched);
    EXPECT_EQ(matched > 0, !wanted.empty() && !known.empty());
  }

  Communicator comm_ = Communicator::world();
};

TEST_F(IdMatchingTest, IntegersInAnyOrderTheLowestRowOfRepeatedOnes) {
  std::mt19937_64 random(3);
  std::vector<std::int64_t> wanted;
  std::vector<std::int64_t> known;
  for (int i = 0; i < 3000; ++i) wanted.push_back(static_cast<std::int64_t>(random() % 5000));
  for (int i = 0; i < 2000; ++i) known.push_back(static_cast<std::int64_t>(random() % 5000));
  expect_like_reference(wanted, known);
}

TEST_F(IdMatchingTest, IntegersAndTextsMeetAsTexts) {
  const std::vector<std::int64_t> numbers{30, 7, 12};
  const std::vector<std::string> texts{"12", "a", "007", "7", "30"};
  const auto row_of = [&](const IdRows& wanted, const IdRows& known) {
    return comm_.all_gather_varied(std::span<const Index>(find_rows_by_id(comm_, wanted, known))).values;
  };
  EXPECT_EQ(row_of(share(numbers), share(texts)), (std::vector<Index>{4, 3, 0}));
  EXPECT_EQ(row_of(share(texts), share(numbers)), (std::vector<Index>{2, -1, -1, 1, 0}));
  EXPECT_EQ(row_of(share(numbers), share(std::vector<std::string>{})), (std::vector<Index>{-1, -1, -1}));
}

TEST_F(IdMatchingTest, Texts) {
  std::vector<std::string> wanted;
  std::vector<std::string> known;
  for (int i = 0; i < 1000; ++i) wanted.push_back("customer " + std::to_string(i * 3));
  for (int i = 0; i < 700; ++i) known.push_back("customer " + std::to_string(i * 2));
  wanted.emplace_back("\xC3\xA4ltere");
  known.emplace_back("\xC3\xA4ltere");
  expect_like_reference(wanted, known);
}

TEST_F(IdMatchingTest, EmptyTables) {
  const std::vector<std::int64_t> none;
  expect_like_reference(none, {1, 2, 3});
  expect_like_reference({1, 2, 3}, none);
  expect_like_reference(none, none);
}

}  // namespace
}  // namespace rankwise
