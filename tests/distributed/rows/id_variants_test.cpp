#include "distributed/rows/id_variants.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "distributed/rows/partition.hpp"

namespace rankwise {
namespace {

class IdVariantsTest : public testing::Test {
 protected:
  /// "count difference: first|second;...", each rank holding its share of the ids.
  std::string variants(const std::vector<std::string>& ids) {
    const auto total = std::ssize(ids);
    const RowRange mine = Partition::by_count(total, comm_.size()).range(comm_.rank());
    const IdRows share{mine, total, std::vector<std::string>(ids.begin() + mine.begin, ids.begin() + mine.end)};
    std::string text;
    for (const IdVariants& found : find_id_variants(comm_, share)) {
      text += fmt::format("{} {}: {}|{};", found.ids, difference_text(found.difference), found.first, found.second);
    }
    return text;
  }
  Communicator comm_ = Communicator::world();
};

TEST_F(IdVariantsTest, EachDifferenceWithItsCountAndFirstPair) {
  EXPECT_EQ(variants({"01", "1", "1.0", "2", "a"}), "2 in how a number is written: 01|1;");
  EXPECT_EQ(variants({"-0", "-7", "-7.00", "0"}), "2 in how a number is written: -0|0;");
  EXPECT_EQ(variants({" ann", "ann", "ann ", "bob", "b ob"}), "3 in blanks:  ann|ann;");
  EXPECT_EQ(variants({"ann", "ann\xC2\xA0",
                      "\xE2\x80\x8B"
                      "bob",
                      "bob"}),
            "2 in blanks: ann|ann\xC2\xA0;");
  EXPECT_EQ(variants({"caf\xC3\xA9", "cafe\xCC\x81", "cafe"}), "1 in Unicode form: cafe\xCC\x81|caf\xC3\xA9;");
  EXPECT_EQ(variants({"1 ", "1", "x\xCC\x81", "\xC3\xA9", "e\xCC\x81", "007", "7"}),
            "1 in Unicode form: e\xCC\x81|\xC3\xA9;1 in blanks: 1|1 ;1 in how a number is written: 007|7;");
}

TEST_F(IdVariantsTest, WhatIsNoVariant) {
  EXPECT_EQ(variants({"Ann", "ann", "1.5", "15", "a1", "a01", "1e3", "1000", "+", "-", "."}), "") << "case counts";
  EXPECT_EQ(variants({}), "");
  const RowRange mine{comm_.rank(), comm_.rank() + 1};
  EXPECT_TRUE(find_id_variants(comm_, {mine, comm_.size(), std::vector<std::int64_t>{comm_.rank()}}).empty());
}

TEST_F(IdVariantsTest, ManyIds) {
  std::vector<std::string> ids;
  for (int i = 0; i < 5000; ++i) ids.push_back(fmt::format("u{}", i * 7919 % 5000));
  for (int i = 0; i < 5000; i += 100) ids.push_back(fmt::format("u{} ", i));
  EXPECT_EQ(variants(ids), "50 in blanks: u0|u0 ;");
}

}  // namespace
}  // namespace rankwise
