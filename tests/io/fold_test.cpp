// Folds: together they validate each interaction once, alike from both sides and on any number of ranks.

#include <gtest/gtest.h>
#include <map>
#include <set>

#include "io/dataset.hpp"
#include "tests/io/sample_files.hpp"
#include "tests/io/shared_folder.hpp"

namespace rankwise {
namespace {

constexpr SampleSize size{.users = 173, .items = 61};
using Entries = std::map<std::pair<Index, Index>, float>;

class FoldTest : public testing::Test {
 protected:
  void SetUp() override {
    write_dataset(comm_, path_, sample_dataset(comm_, size, SampleIds::integers), sample_provenance());
  }

  /// Of all rows, on every rank, by (user, item).
  [[nodiscard]] static Entries entries_of(const DatasetReader& dataset, DatasetPart part) {
    const SparseRows rows = dataset.read(part, {0, dataset.rows(part)});
    EXPECT_EQ(rows.entries(), dataset.entries(part));
    const std::vector<Index> sizes = dataset.row_sizes(part, {0, dataset.rows(part)});
    Entries entries;
    for (Index r = 0; r < rows.rows.size(); ++r) {
      const Index begin = rows.offsets[static_cast<std::size_t>(r)];
      const Index end = rows.offsets[static_cast<std::size_t>(r) + 1];
      EXPECT_EQ(end - begin, sizes[static_cast<std::size_t>(r)]);
      for (auto e = static_cast<std::size_t>(begin); e < static_cast<std::size_t>(end); ++e) {
        const bool by_item = part == DatasetPart::interactions_by_item;
        entries[by_item ? std::pair(rows.columns[e], r) : std::pair(r, rows.columns[e])] = rows.values[e];
      }
    }
    return entries;
  }

  [[nodiscard]] DatasetReader read(const std::string& fold, std::uint64_t seed) const {
    return {comm_, path_, seeded(parse_fold(fold), seed)};
  }

  Communicator comm_ = Communicator::world();
  SharedFolder folder_{comm_};
  std::string path_ = folder_.file("log.h5");
};

TEST_F(FoldTest, EachInteractionIsValidatedInOneFold) {
  const Entries all = entries_of(DatasetReader(comm_, path_), DatasetPart::interactions);
  for (const std::string kind : {"interactions:", "users:"}) {
    Entries validated;
    for (const char* number : {"1/3", "2/3", "3/3"}) {
      const DatasetReader fold = read(kind + number, 5);
      const Entries trained = entries_of(fold, DatasetPart::interactions);
      EXPECT_EQ(entries_of(fold, DatasetPart::interactions_by_item), trained);
      Entries together = trained;
      Entries held = entries_of(fold, DatasetPart::heldout);
      if (fold.has(DatasetPart::given)) held.merge(entries_of(fold, DatasetPart::given));
      EXPECT_GT(held.size(), all.size() / 6);
      for (const auto& entry : held) {
        EXPECT_FALSE(trained.contains(entry.first));
        EXPECT_TRUE(validated.insert(entry).second);
      }
      together.merge(held);
      EXPECT_EQ(together, all);
    }
    EXPECT_EQ(validated, all);
  }
}

TEST_F(FoldTest, UsersAreValidatedWhole) {
  const DatasetReader fold = read("users:2/4", 1);
  const Entries given = entries_of(fold, DatasetPart::given);
  std::set<Index> validated;
  for (const auto& [pair, value] : entries_of(fold, DatasetPart::heldout)) validated.insert(pair.first);
  for (const auto& [pair, value] : given) {
    if (validated.contains(pair.first)) validated.erase(pair.first);
  }
  for (const Index user : validated) EXPECT_EQ(fold.row_sizes(DatasetPart::heldout, {user, user + 1}).front(), 1);
  for (const auto& [pair, value] : entries_of(fold, DatasetPart::interactions)) {
    EXPECT_FALSE(given.contains(pair));
    EXPECT_EQ(fold.row_sizes(DatasetPart::heldout, {pair.first, pair.first + 1}).front(), 0);
  }
}

TEST_F(FoldTest, SeedAndRepeatDivideAnew) {
  const Entries first = entries_of(read("interactions:1/3", 5), DatasetPart::heldout);
  EXPECT_EQ(first, entries_of(read("interactions:1/3@1", 5), DatasetPart::heldout));
  EXPECT_NE(first, entries_of(read("interactions:1/3@2", 5), DatasetPart::heldout));
  EXPECT_NE(first, entries_of(read("interactions:1/3", 6), DatasetPart::heldout));
}

TEST_F(FoldTest, PartsOfRowsAndRowsLeftOutAreThoseOfTheFold) {
  const DatasetReader fold = read("interactions:3/3", 2);
  const SparseRows rows = fold.read(DatasetPart::interactions, {0, size.users});
  const std::vector<Index> without{1, 4};
  const SparseRows rest = fold.read(DatasetPart::interactions, {0, size.users}, without);
  EXPECT_EQ(rest.entries(), rows.entries() - (rows.offsets[2] - rows.offsets[1]) - (rows.offsets[5] - rows.offsets[4]));
  std::vector<SharedPart> parts;
  for (Index row = 0; row < size.users; ++row) {
    const Index entries = rows.offsets[static_cast<std::size_t>(row) + 1] - rows.offsets[static_cast<std::size_t>(row)];
    if (entries >= 2) parts.push_back({.row = row, .part = 0, .entries = {1, entries}});
  }
  ASSERT_FALSE(parts.empty());
  const SparseRows read_parts = fold.read_parts(DatasetPart::interactions, parts);
  for (std::size_t p = 0; p < parts.size(); ++p) {
    const auto first = static_cast<std::size_t>(rows.offsets[static_cast<std::size_t>(parts[p].row)] + 1);
    EXPECT_EQ(read_parts.columns[static_cast<std::size_t>(read_parts.offsets[p])], rows.columns[first]);
  }
}

TEST(FoldText, ReadsBackAndRefuses) {
  for (const char* text : {"interactions:1/2", "users:10/10", "interactions:2/5@3"}) {
    const auto fold = parse_fold(text);
    ASSERT_TRUE(fold) << text;
    EXPECT_EQ(fold_text(*fold), text);
  }
  for (const char* text : {"", "interactions", "interactions:", "interactions:0/2", "interactions:3/2", "users:1/1",
                           "users:1/2@0", "users:1/2@1x", "items:1/2", "users:1/2 "}) {
    EXPECT_FALSE(parse_fold(text)) << text;
  }
}

}  // namespace
}  // namespace rankwise
