// Rows of a listed table on the ranks that own their ids, and a digest that does not depend on where they are.

#include "distributed/tables/place_rows.hpp"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <set>

#include "distributed/tables/table_digest.hpp"

namespace rankwise {
namespace {

class PlaceRowsTest : public testing::Test {
 protected:
  /// Ids `first`, `first` + 1, ... as integers or texts; the last rank has most of them, and ranks may have none.
  template <class Id, class Make>
  [[nodiscard]] IdRows ids(Index count, const Make& make) const {
    const auto cut = [&](Index rank) { return count * rank * rank / (Index{comm_.size()} * comm_.size()); };
    IdRows ids{{cut(comm_.rank()), cut(comm_.rank() + 1)}, count, {}};
    std::vector<Id> values;
    for (Index row = ids.rows.begin; row < ids.rows.end; ++row) values.push_back(make(row));
    ids.ids = std::move(values);
    return ids;
  }
  /// Ids 0, 3, 6, ... 27 in falling order, with a column of each type; on the root alone.
  [[nodiscard]] ListedTable listed() const {
    ListedTable table;
    if (!comm_.is_root()) return table;
    Categories words{{}, {"even", "odd"}};
    Numbers numbers;
    Texts texts;
    for (Index id = 27; id >= 0; id -= 3) {
      table.ids.push_back(std::to_string(id));
      words.codes.push_back(static_cast<std::int32_t>(id % 2));
      numbers.push_back(static_cast<double>(id) / 2);
      texts.push_back("text " + std::to_string(id));
    }
    table.columns.push_back({"word", std::move(words)});
    table.columns.push_back({"number", std::move(numbers)});
    table.columns.push_back({"text", std::move(texts)});
    return table;
  }

  Communicator comm_ = Communicator::world();
};

TEST_F(PlaceRowsTest, EachIdGetsItsRowOrNothing) {
  const IdRows integers = ids<std::int64_t>(10, [](Index row) { return row; });
  const IdRows texts = ids<std::string>(12, [](Index row) { return std::to_string(10 + row); });
  const PlacedRows placed = place_rows(comm_, listed(), {integers, texts});
  EXPECT_EQ(placed.listed, 10);
  EXPECT_EQ(placed.placed, 4 + 4);  // 0, 3, 6, 9 and 12, 15, 18, 21
  EXPECT_EQ(placed.ids_without_row, 22 - 8);
  ASSERT_EQ(placed.tables.size(), 2U);
  for (std::size_t t = 0; t < 2; ++t) {
    const Table& table = placed.tables[t];
    EXPECT_EQ(table.rows.begin, (t == 0 ? integers : texts).rows.begin);
    EXPECT_EQ(table.total_rows, t == 0 ? 10 : 12);
    ASSERT_EQ(table.columns.size(), 3U);
    for (Index i = 0; i < table.rows.size(); ++i) {
      const Index id = static_cast<Index>(t) * 10 + table.rows.begin + i;
      const bool has_row = id % 3 == 0;
      EXPECT_EQ(value_text(table.find("word")->values, i), !has_row ? "" : id % 2 == 0 ? "even" : "odd") << id;
      EXPECT_EQ(value_text(table.find("text")->values, i), has_row ? "text " + std::to_string(id) : "");
      const double number = std::get<Numbers>(table.find("number")->values)[static_cast<std::size_t>(i)];
      EXPECT_TRUE(has_row ? number == static_cast<double>(id) / 2 : std::isnan(number)) << id;
    }
    EXPECT_EQ(table.find("other"), nullptr);
  }
}

TEST_F(PlaceRowsTest, IdsAreTheSameIfTheirTextsAre) {
  const IdRows zeros = ids<std::string>(10, [](Index row) { return "0" + std::to_string(row); });
  const PlacedRows placed = place_rows(comm_, listed(), {zeros});
  EXPECT_EQ(placed.placed, 0);
  EXPECT_EQ(placed.ids_without_row, 10);
}

TEST_F(PlaceRowsTest, TheDigestKnowsContentAndNoRanks) {
  const auto digest_of = [&](const ListedTable& table) {
    const IdRows integers = ids<std::int64_t>(30, [](Index row) { return row; });
    return table_digest(comm_, place_rows(comm_, table, {integers}).tables.front());
  };
  const auto after = [&](auto&& change) {
    ListedTable table = listed();
    if (comm_.is_root()) change(table.columns);
    return digest_of(table);
  };
  std::set<std::uint64_t> digests{digest_of(listed())};
  EXPECT_EQ(*digests.begin(), 1324776536341644321U) << "these rows on any number of ranks";
  digests.insert(after([](auto& columns) { columns[0].name = "words"; }));
  digests.insert(after([](auto& columns) { std::get<Categories>(columns[0].values).codes[4] = 0; }));
  digests.insert(after([](auto& columns) { std::get<Categories>(columns[0].values).categories[1] = "uneven"; }));
  digests.insert(after([](auto& columns) { std::get<Numbers>(columns[1].values)[9] = 0.25; }));
  digests.insert(after([](auto& columns) { std::get<Texts>(columns[2].values)[0] = "text"; }));
  digests.insert(after([](auto& columns) { std::swap(columns[0], columns[1]); }));
  digests.insert(after([](auto& columns) { columns.pop_back(); }));
  EXPECT_EQ(digests.size(), 8U);
}

}  // namespace
}  // namespace rankwise
