// A planted log as text: its lines, and that neither ranks nor threads can change one.

#include "io/synthetic/text.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/rows/partition.hpp"

namespace rankwise {
namespace {

SyntheticShape dirty_shape(Index users) {
  SyntheticShape shape;
  shape.users = users;
  shape.items = 500;
  shape.interactions = 9.0 * static_cast<double>(users);
  shape.dirt = 0.1;
  shape.broken_lines = 0.02;
  shape.seed = 3;
  return shape;
}

TEST(SyntheticText, IsTheSameForAnyRanksAndThreads) {
  const Communicator comm = Communicator::world();
  for (const Index users : {1, 63, 64, 1009}) {
    const SyntheticLog log(dirty_shape(users));
    const RowRange mine = Partition::by_count(users, comm.size()).range(comm.rank());
    const SyntheticLines lines = synthetic_lines(log, mine, 1 + comm.rank() % 3, no_next_period);
    const std::vector<char> together =
        comm.all_gather_varied(std::span<const char>(lines.text.data(), lines.text.size())).values;
    const SyntheticLines alone = synthetic_lines(log, {0, users}, 1, no_next_period);
    EXPECT_EQ(std::string(together.begin(), together.end()), alone.text);
    EXPECT_EQ(comm.sum(lines.clean_rows), alone.clean_rows);
    EXPECT_EQ(comm.sum(lines.added_rows), alone.added_rows);
    EXPECT_EQ(std::count(alone.text.begin(), alone.text.end(), '\n'), alone.clean_rows + alone.added_rows);
  }
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (std::size_t end = text.find(separator); end != std::string::npos; end = text.find(separator, begin)) {
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  parts.push_back(text.substr(begin));
  return parts;
}

TEST(SyntheticText, LinesHoldTheRows) {
  for (const SyntheticKind kind : {SyntheticKind::purchases, SyntheticKind::ratings}) {
    for (const SyntheticIds ids : {SyntheticIds::integers, SyntheticIds::strings}) {
      SyntheticShape shape = dirty_shape(100);
      shape.kind = kind;
      shape.ids = ids;
      const SyntheticLog log(shape);
      const std::vector<std::string> lines =
          split(synthetic_lines(log, {0, shape.users}, 2, no_next_period).text, '\n');
      std::size_t number = 0;
      for (Index user = 0; user < shape.users; ++user) {
        const std::string user_text = id_text(synthetic_user_ids(shape, {user, user + 1}), 0);
        for (const SyntheticRow& row : log.rows(user)) {
          const std::vector<std::string> fields = split(lines.at(number++), ',');
          EXPECT_EQ(fields[0], row.dirt == SyntheticDirt::missing_user ? "" : user_text);
          EXPECT_EQ(fields[1], id_text(synthetic_item_ids(shape, {row.item, row.item + 1}), 0));
          if (row.dirt == SyntheticDirt::broken) {
            EXPECT_TRUE(fields.size() == 3 || fields[2] == "many");
            continue;
          }
          ASSERT_EQ(fields.size(), kind == SyntheticKind::purchases ? 5U : 4U);
          EXPECT_EQ(fields[2], std::to_string(row.value));
          EXPECT_EQ(fields.back(), std::to_string(row.timestamp));
          if (kind == SyntheticKind::ratings) continue;
          EXPECT_EQ(fields[3].size() - fields[3].find('.'), 3U);
          EXPECT_NEAR(std::stod(fields[3]) * 100, static_cast<double>(row.price_cents), 1e-6);
        }
      }
      EXPECT_EQ(number + 1, lines.size());
      EXPECT_EQ(lines.back(), "");
      EXPECT_EQ(split(std::string(synthetic_header(kind)), ',').size(), kind == SyntheticKind::purchases ? 5U : 4U);
    }
  }
}

TEST(SyntheticText, IdsAreNumberedFromOneAndSortAsText) {
  SyntheticShape shape = dirty_shape(100);
  EXPECT_EQ(std::get<std::vector<std::int64_t>>(synthetic_user_ids(shape, {0, 3})),
            (std::vector<std::int64_t>{1, 2, 3}));
  EXPECT_EQ(id_count(synthetic_item_ids(shape, {5, 5})), 0);
  shape.ids = SyntheticIds::strings;
  EXPECT_EQ(id_text(synthetic_user_ids(shape, {1233, 1234}), 0), "C0001234");
  EXPECT_EQ(id_text(synthetic_item_ids(shape, {122, 123}), 0), "SKU-000123");
  shape.users = 100'000'000;
  EXPECT_EQ(id_text(synthetic_user_ids(shape, {0, 1}), 0), "C000000001");
  EXPECT_EQ(id_text(synthetic_user_ids(shape, {99'999'999, 100'000'000}), 0), "C100000000");
}

}  // namespace
}  // namespace rankwise
