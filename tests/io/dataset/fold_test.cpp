// Folds: together they validate each interaction once, alike from both sides and on any number of ranks.

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <span>

#include "io/dataset/dataset.hpp"
#include "io/dataset/dataset_writer.hpp"
#include "kernels/base/time_units.hpp"
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
    write_dataset(comm_, marked_, marked_dataset(comm_, size, SampleIds::integers), sample_provenance());
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

  /// Of the file that has times and folds.
  [[nodiscard]] DatasetReader read_marked(const std::string& fold) const { return {comm_, marked_, parse_fold(fold)}; }

  [[nodiscard]] DatasetReader read(const std::string& fold, std::uint64_t seed) const {
    return {comm_, path_, seeded(parse_fold(fold), seed)};
  }

  Communicator comm_ = Communicator::world();
  SharedFolder folder_{comm_};
  std::string path_ = folder_.file("log.h5");
  std::string marked_ = folder_.file("marked.h5");
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

TEST_F(FoldTest, RememberedRowsAreThoseThatTheFileHas) {
  for (const char* text : {"interactions:1/3", "temporal:1/2", ""}) {
    const DatasetReader plain(comm_, marked_, parse_fold(text));
    DatasetReader remembering(comm_, marked_, parse_fold(text));
    remembering.remember_rows();
    const std::vector<Index> without{1, 4};
    // More ranges than are remembered, each twice; this rank's and others' differ.
    const std::vector<RowRange> ranges{{0, size.items}, {comm_.rank(), size.items}, {0, size.items}, {5, 9}, {5, 9}};
    for (const DatasetPart part : {DatasetPart::interactions, DatasetPart::interactions_by_item}) {
      for (const RowRange range : ranges) {
        const bool leaves_out = range.begin == 0;
        const auto left_out = leaves_out ? std::span<const Index>(without) : std::span<const Index>();
        const SparseRows expected = plain.read(part, range, left_out);
        const SparseRows read = remembering.read(part, range, left_out);
        EXPECT_EQ(read.offsets, expected.offsets);
        EXPECT_EQ(read.columns, expected.columns);
        EXPECT_EQ(read.values, expected.values);
        EXPECT_EQ(remembering.row_sizes(part, range), plain.row_sizes(part, range));
      }
    }
  }
}

TEST_F(FoldTest, TemporalFoldsTrainOnWhatIsEarlierAndValidateTheNextPart) {
  const Entries all = entries_of(DatasetReader(comm_, marked_), DatasetPart::interactions);
  std::vector<std::int64_t> times;
  for (const auto& [pair, value] : all) times.push_back(sample_time(pair.first, pair.second));
  std::ranges::sort(times);
  for (const Index count : {Index{1}, Index{3}}) {
    const auto last_before = [&](Index cut) {
      return times[static_cast<std::size_t>(cut * std::ssize(times) / (count + 1) - 1)];
    };
    for (Index number = 1; number <= count; ++number) {
      const DatasetReader fold = read_marked("temporal:" + std::to_string(number) + "/" + std::to_string(count));
      Entries trained;
      Entries validated;
      for (const auto& entry : all) {
        const std::int64_t time = sample_time(entry.first.first, entry.first.second);
        if (time <= last_before(number)) {
          trained.insert(entry);
        } else if (number == count || time <= last_before(number + 1)) {
          validated.insert(entry);
        }
      }
      EXPECT_EQ(entries_of(fold, DatasetPart::interactions), trained);
      EXPECT_EQ(entries_of(fold, DatasetPart::interactions_by_item), trained);
      EXPECT_EQ(entries_of(fold, DatasetPart::heldout), validated);
      EXPECT_FALSE(fold.has(DatasetPart::given));
    }
  }
}

/// What a temporal fold makes of the sample whose pairs may have log rows, row by row.
struct DividedLog {
  Entries trained;
  Entries validated;
};

DividedLog divided_log(const Entries& all, const MergeRules& rules, std::int64_t last_trained,
                       std::int64_t last_validated) {
  DividedLog divided;
  for (const auto& [pair, value] : all) {
    std::vector<Event> before;
    std::vector<Event> after;
    const std::vector<std::int64_t> times = sample_log_times(pair.first, pair.second);
    const auto add = [&](std::int64_t time, double of_row) {
      if (time <= last_trained) {
        before.push_back({.value = of_row, .time_microseconds = microseconds_of(time)});
      } else if (time <= last_validated) {
        after.push_back({.value = of_row, .time_microseconds = microseconds_of(time)});
      }
    };
    if (times.empty()) add(sample_time(pair.first, pair.second), static_cast<double>(value));
    for (std::size_t row = 0; row < times.size(); ++row) {
      add(times[row], sample_log_value(pair.first, pair.second, row));
    }
    const auto merged = [&](const std::vector<Event>& rows) -> std::optional<double> {
      if (rows.empty()) return std::nullopt;
      double total = 0;
      for (const Event& row : rows) total += row.value;
      if (rules.duplicates == DuplicatePolicy::last) total = rows.back().value;
      const bool is_there = times.empty() || !rules.min_total || total > *rules.min_total;
      return is_there ? std::optional(total) : std::nullopt;
    };
    const auto trained = merged(before);
    const auto validated = merged(after);
    if (trained) divided.trained[pair] = static_cast<float>(*trained);
    if (validated && !(trained && rules.repeats == Repeats::drop)) {
      divided.validated[pair] = static_cast<float>(*validated);
    }
  }
  return divided;
}

TEST_F(FoldTest, TemporalFoldsDivideTheLogsRowsAndMergeEachSide) {
  const std::vector<MergeRules> all_rules{
      {.duplicates = DuplicatePolicy::last},
      {.duplicates = DuplicatePolicy::sum, .repeats = Repeats::keep},
      {.duplicates = DuplicatePolicy::sum, .repeats = Repeats::drop, .min_total = 1e-9}};
  for (const MergeRules& rules : all_rules) {
    const std::string path = folder_.file("split.h5");
    write_dataset(comm_, path, split_dataset(comm_, size, SampleIds::integers, rules), sample_provenance());
    const Entries all = entries_of(DatasetReader(comm_, path), DatasetPart::interactions);
    std::vector<std::int64_t> times;
    for (const auto& [pair, value] : all) {
      const std::vector<std::int64_t> of_pair = sample_log_times(pair.first, pair.second);
      times.insert(times.end(), of_pair.begin(), of_pair.end());
      if (of_pair.empty()) times.push_back(sample_time(pair.first, pair.second));
    }
    std::ranges::sort(times);
    const auto last_before = [&](Index cut) {
      return cut == 4 ? times.back() : times[static_cast<std::size_t>(cut * std::ssize(times) / 4 - 1)];
    };
    for (Index number = 1; number <= 3; ++number) {
      const DatasetReader fold(comm_, path, parse_fold("temporal:" + std::to_string(number) + "/3"));
      const DividedLog expected = divided_log(all, rules, last_before(number), last_before(number + 1));
      EXPECT_EQ(entries_of(fold, DatasetPart::interactions), expected.trained);
      EXPECT_EQ(entries_of(fold, DatasetPart::interactions_by_item), expected.trained);
      EXPECT_EQ(entries_of(fold, DatasetPart::heldout), expected.validated);
    }
    comm_.barrier();
  }
}

TEST_F(FoldTest, FoldsOfAColumnAreTheLogsOwn) {
  const DatasetReader whole(comm_, marked_);
  const Entries all = entries_of(whole, DatasetPart::interactions);
  EXPECT_EQ(whole.fold_numbers(), (std::vector<Index>{0, 1, 2, 3}));
  for (const Index number : whole.fold_numbers()) {
    const DatasetReader fold = read_marked("column:" + std::to_string(number));
    Entries trained;
    Entries validated;
    for (const auto& entry : all) {
      const bool is_validated = sample_fold(entry.first.first, entry.first.second) == number;
      (is_validated ? validated : trained).insert(entry);
    }
    EXPECT_EQ(entries_of(fold, DatasetPart::interactions), trained);
    EXPECT_EQ(entries_of(fold, DatasetPart::interactions_by_item), trained);
    EXPECT_EQ(entries_of(fold, DatasetPart::heldout), validated);
  }
}

TEST_F(FoldTest, FoldsThatTheFileCannotMakeAreRefused) {
  const auto refusal = [&](const std::string& path, const char* fold) {
    return error_of([&] { const DatasetReader file(comm_, path, parse_fold(fold)); });
  };
  EXPECT_EQ(refusal(path_, "temporal:1/2"), "65: " + path_ +
                                                ": holds no times, which temporal folds need; expected a dataset that "
                                                "prepare made of a log with a time column");
  EXPECT_EQ(
      refusal(path_, "column:1"),
      "65: " + path_ + ": holds no folds; expected a dataset from prepare --folds RULE, or --columns ...,fold=NAME");
  EXPECT_NE(refusal(marked_, "column:9").find("0 to validate; expected some of each; its folds are 0, 1, 2, 3"),
            std::string::npos);
  EXPECT_NE(refusal(marked_, "temporal:500/9000").find("expected some of each; few times"), std::string::npos);
  EXPECT_TRUE(DatasetReader(comm_, path_).fold_numbers().empty());
}

TEST(FoldText, ReadsBackAndRefuses) {
  for (const char* text : {"interactions:1/2", "users:10/10", "interactions:2/5@3", "temporal:1/1", "temporal:3/4",
                           "column:0", "column:9999"}) {
    const auto fold = parse_fold(text);
    ASSERT_TRUE(fold) << text;
    EXPECT_EQ(fold_text(*fold), text);
  }
  for (const char* text : {"", "interactions", "interactions:", "interactions:0/2", "interactions:3/2", "users:1/1",
                           "users:1/2@0", "users:1/2@1x", "items:1/2", "users:1/2 ", "temporal:0/1", "temporal:2/1",
                           "temporal:1/2@2", "column", "column:", "column:-1", "column:10000", "column:1/2"}) {
    EXPECT_FALSE(parse_fold(text)) << text;
  }
}

}  // namespace
}  // namespace rankwise
