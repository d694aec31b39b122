#include "distributed/rows/id_dictionary.hpp"

#include <gtest/gtest.h>
#include <map>
#include <random>
#include <set>
#include <span>

namespace rankwise {
namespace {

/// A whole log's ids, the same on every rank, and which rank holds which records.
struct Records {
  std::vector<std::string> ids;
  std::vector<int> holder;
};

class IdDictionaryTest : public testing::Test {
 protected:
  /// Compares with a std::set of all ids, sorted numerically or bytewise.
  template <class Key, class KeyOf>
  void expect_like_reference(const Records& records, KeyOf&& key_of) {
    std::set<Key> sorted;
    for (const std::string& id : records.ids) sorted.insert(key_of(id));
    std::map<Key, Index> expected;
    for (const Key& key : sorted) expected.emplace(key, std::ssize(expected));

    IdColumn column;
    std::vector<std::string> mine;
    for (std::size_t i = 0; i < records.ids.size(); ++i) {
      if (records.holder[i] % comm_.size() != comm_.rank()) continue;
      column.append(records.ids[i]);
      mine.push_back(records.ids[i]);
    }
    agree_on_kind(comm_, column);
    const IdDictionary dictionary = build_id_dictionary(comm_, column);

    EXPECT_EQ(dictionary.rows.total_rows, std::ssize(expected));
    EXPECT_EQ(dictionary.rows.rows.begin, comm_.exclusive_sum(dictionary.rows.rows.size()));
    EXPECT_EQ(comm_.sum(dictionary.rows.rows.size()), std::ssize(expected));
    ASSERT_EQ(std::holds_alternative<std::vector<std::int64_t>>(dictionary.rows.ids),
              (std::is_same_v<Key, std::int64_t>));
    for (Index i = 0; i < dictionary.rows.rows.size(); ++i) {
      const auto found = expected.find(key_of(id_text(dictionary.rows.ids, i)));
      EXPECT_TRUE(found != expected.end() && found->second == dictionary.rows.rows.begin + i);
    }
    EXPECT_EQ(dictionary.index.size(), mine.size());
    for (std::size_t i = 0; i < std::min(mine.size(), dictionary.index.size()); ++i) {
      EXPECT_EQ(dictionary.index[i], expected.at(key_of(mine[i]))) << mine[i];
    }
    largest_part_ = comm_.max(dictionary.rows.rows.size());
  }
  void expect_integers(const Records& records) {
    expect_like_reference<std::int64_t>(records, [](const std::string& id) { return std::stoll(id); });
  }
  void expect_texts(const Records& records) {
    expect_like_reference<std::string>(records, [](const std::string& id) { return id; });
  }

  Communicator comm_ = Communicator::world();
  Index largest_part_ = 0;
};

Records spread(std::vector<std::string> ids) {
  Records records{std::move(ids), {}};
  for (std::size_t i = 0; i < records.ids.size(); ++i) records.holder.push_back(static_cast<int>(i % 7));
  return records;
}

TEST_F(IdDictionaryTest, NoRecordsAtAll) {
  expect_integers({});
}

TEST_F(IdDictionaryTest, OneRecordAndOneIdEverywhere) {
  expect_integers(spread({"5"}));
  expect_texts(spread({"x"}));
  expect_integers(spread(std::vector<std::string>(1000, "9223372036854775807")));
  expect_texts(spread(std::vector<std::string>(1000, "same")));
}

TEST_F(IdDictionaryTest, IntegersAscendNumericallyTextsBytewise) {
  expect_integers(spread({"10", "9", "100", "0", "2", "10", "9223372036854775807", "4294967296"}));
  expect_texts(
      spread({"10", "9", "a", "B", "\xC3\xA9", "z", "ab", "a", "A", "10 ", "aa", std::string(1024, 'q'), "0"}));
}

TEST_F(IdDictionaryTest, ManyRandomIdsInBalancedParts) {
  std::mt19937_64 random(11);
  std::vector<std::string> ids;
  for (int i = 0; i < 40'000; ++i) ids.push_back(std::to_string(random() % 20'011));
  expect_integers(spread(ids));
  EXPECT_LE(largest_part_, 20'011 * 5 / 4 / comm_.size() + 1);
  for (std::string& id : ids) id = "user-" + id;
  expect_texts(spread(ids));
  EXPECT_LE(largest_part_, 20'011 * 5 / 4 / comm_.size() + 1);
}

TEST_F(IdDictionaryTest, SkewOfIdsAndOfHolders) {
  std::mt19937_64 random(13);
  Records records;
  for (int i = 0; i < 20'000; ++i) {
    records.ids.push_back(random() % 10 != 0 ? "7" : std::to_string(random() % 3001));
    records.holder.push_back(0);  // all on the root
  }
  expect_integers(records);
  for (std::size_t i = 0; i < records.holder.size(); ++i) records.holder[i] = i % 100 == 0 ? 3 : 6;
  expect_integers(records);
}

TEST_F(IdDictionaryTest, RanksWithDisjointRangesOfIds) {
  Records records;
  for (int i = 0; i < 7000; ++i) {
    records.ids.push_back(std::to_string(i));
    records.holder.push_back(6 - i / 1000);
  }
  expect_integers(records);
  EXPECT_LE(largest_part_, 7000 * 5 / 4 / comm_.size() + 1);
}

TEST_F(IdDictionaryTest, DroppedRecordsLeaveNoIds) {
  IdColumn column;
  for (const char* id : {"a", "b", "c", "a", "d"}) column.append(id);
  column.keep({1, 3});
  const IdDictionary dictionary = build_id_dictionary(comm_, column);
  EXPECT_EQ(dictionary.rows.total_rows, 2);
  EXPECT_EQ(dictionary.index, (std::vector<std::int32_t>{1, 0}));
}

TEST(IdColumn, IsRenamedByItsTexts) {
  const auto name_of = [](std::string_view id) {
    return id == "30" || id == "x" ? std::string("late") : "n" + std::string(id);
  };
  for (const bool is_text : {false, true}) {
    IdColumn column;
    for (const std::int64_t id : {30, 7, 30, 12}) column.append(id);
    if (is_text) column.append("x");
    column.keep({1, 2, 3});
    column.rename(name_of);
    ASSERT_FALSE(column.are_integers());
    EXPECT_EQ(column.distinct(), 3);
    std::vector<std::string> names;
    for (const std::int32_t number : column.numbers()) names.push_back(column.text(number));
    EXPECT_EQ(names, (std::vector<std::string>{"n7", "late", "n12"}));
    column.append("late");
    EXPECT_EQ(column.numbers().back(), column.numbers()[1]);
  }
}

}  // namespace
}  // namespace rankwise
