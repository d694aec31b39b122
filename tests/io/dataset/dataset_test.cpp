// Dataset files: what any number of ranks wrote, any number reads; damage is named.

#include "io/dataset/dataset.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <optional>

#include "distributed/log/content_digest.hpp"
#include "io/dataset/dataset_writer.hpp"
#include "io/dataset/id_file.hpp"
#include "io/dataset/provenance_attributes.hpp"
#include "io/model/model.hpp"
#include "io/sparse/sparse_file.hpp"
#include "tests/io/damage.hpp"
#include "tests/io/sample_files.hpp"
#include "tests/io/shared_folder.hpp"

namespace rankwise {
namespace {

constexpr SampleSize small_log{.users = 23, .items = 14};

class DatasetTest : public testing::Test {
 protected:
  Communicator comm_ = Communicator::world();
  SharedFolder folder_{comm_};
};

/// The ranges that ranks read differ from those that they wrote: in reverse order, or everything everywhere.
std::vector<RowRange> reading_ranges(const Communicator& comm, Index rows) {
  return {sample_range(rows, comm.size() - 1 - comm.rank(), comm.size()), {0, rows}, {rows / 2, rows / 2}};
}

void expect_equal(const SparseRows& read, const SparseRows& expected) {
  EXPECT_EQ(read.rows, expected.rows);
  EXPECT_EQ(read.total_rows, expected.total_rows);
  EXPECT_EQ(read.column_count, expected.column_count);
  EXPECT_EQ(read.offsets, expected.offsets);
  EXPECT_EQ(read.columns, expected.columns);
  EXPECT_EQ(read.values, expected.values);
}

/// The marks that rows should have, as the reader tells them.
std::vector<std::int64_t> expected_marks(const SparseRows& matrix, EntryMark mark) {
  if (mark == EntryMark::time) return *matrix.times_seconds;
  return {matrix.folds->begin(), matrix.folds->end()};
}

std::vector<Index> row_sizes(const SparseRows& matrix) {
  std::vector<Index> sizes;
  for (std::size_t r = 0; r + 1 < matrix.offsets.size(); ++r)
    sizes.push_back(matrix.offsets[r + 1] - matrix.offsets[r]);
  return sizes;
}

TEST_F(DatasetTest, ComesBackInAnyPartition) {
  const std::vector<SampleSize> sizes{small_log,
                                      {.users = 173, .items = 61, .heldout_users = 5},
                                      {.users = 1, .items = 1},
                                      {.users = 2, .items = 300, .heldout_users = 1},
                                      {}};
  for (const SampleSize& size : sizes) {
    for (const SampleIds kind : {SampleIds::integers, SampleIds::strings}) {
      const std::string path = folder_.file("log.h5");
      write_dataset(comm_, path, sample_dataset(comm_, size, kind), sample_provenance());
      const DatasetReader file(comm_, path);
      const bool whole_users = size.heldout_users > 0;
      const Index heldout_rows = whole_users ? size.heldout_users : size.users;
      EXPECT_EQ(file.users(), size.users);
      EXPECT_EQ(file.items(), size.items);
      EXPECT_TRUE(file.has(DatasetPart::heldout));
      EXPECT_EQ(file.has(DatasetPart::given), whole_users);
      EXPECT_EQ(file.rows(DatasetPart::heldout), heldout_rows);
      EXPECT_EQ(file.columns(DatasetPart::interactions_by_item), size.users);
      EXPECT_EQ(file.entries(DatasetPart::interactions),
                sample_matrix({0, size.users}, size.users, size.items, false).entries());
      EXPECT_EQ(file.provenance().kind, "dataset");
      EXPECT_EQ(file.provenance().seed, sample_provenance().seed);
      EXPECT_EQ(file.provenance().configuration, sample_provenance().configuration);
      for (const RowRange rows : reading_ranges(comm_, size.users)) {
        const SparseRows expected = sample_matrix(rows, size.users, size.items, false);
        expect_equal(file.read(DatasetPart::interactions, rows), expected);
        EXPECT_EQ(file.row_sizes(DatasetPart::interactions, rows), row_sizes(expected));
        const IdRows ids = file.user_ids(rows);
        EXPECT_EQ(ids.rows, rows);
        EXPECT_EQ(ids.total_rows, size.users);
        if (size.users > 0) {
          EXPECT_EQ(ids.ids, sample_ids(rows, size.users, kind, "user ").ids);
        }
      }
      for (const RowRange rows : reading_ranges(comm_, size.items)) {
        expect_equal(file.read(DatasetPart::interactions_by_item, rows),
                     sample_matrix(rows, size.users, size.items, true));
        if (size.items > 0) {
          EXPECT_EQ(file.item_ids(rows).ids, sample_ids(rows, size.items, kind, "item ").ids);
        }
      }
      for (const RowRange rows : reading_ranges(comm_, heldout_rows)) {
        expect_equal(file.read(DatasetPart::heldout, rows), sample_matrix(rows, heldout_rows, size.items, false, 1));
        if (!whole_users) continue;
        expect_equal(file.read(DatasetPart::given, rows), sample_matrix(rows, heldout_rows, size.items, false));
        EXPECT_EQ(file.heldout_user_ids(rows).ids, sample_ids(rows, heldout_rows, kind, "held out ").ids);
      }
      comm_.barrier();
    }
  }
}

TEST_F(DatasetTest, WhatIsHeldOutComesBackFromBothSides) {
  for (const Index heldout_users : {Index{0}, Index{5}}) {
    const SampleSize size{.users = 23, .items = 14, .heldout_users = heldout_users};
    const std::string path = folder_.file("log.h5");
    write_dataset(comm_, path, sample_dataset(comm_, size, SampleIds::integers), sample_provenance());
    const DatasetReader file(comm_, path);
    const Index rows = heldout_users > 0 ? heldout_users : size.users;
    for (const RowRange items : reading_ranges(comm_, size.items)) {
      expect_equal(file.read(DatasetPart::heldout_by_item, items), sample_matrix(items, rows, size.items, true, 1));
      if (heldout_users == 0) continue;
      expect_equal(file.read(DatasetPart::given_by_item, items), sample_matrix(items, rows, size.items, true));
    }
    EXPECT_EQ(file.has(DatasetPart::given_by_item), heldout_users > 0);
    EXPECT_FALSE(file.has(DatasetPart::repeated));
    EXPECT_FALSE(file.has(DatasetPart::repeated_by_item));
    EXPECT_FALSE(file.has_log_rows());
    comm_.barrier();
  }
}

TEST_F(DatasetTest, RepeatedPairsLogRowsAndRulesComeBack) {
  const std::string path = folder_.file("log.h5");
  const MergeRules rules{.duplicates = DuplicatePolicy::mean, .repeats = Repeats::keep, .min_total = 0.25};
  write_dataset(comm_, path, split_dataset(comm_, small_log, SampleIds::integers, rules), sample_provenance());
  const DatasetReader file(comm_, path);
  EXPECT_EQ(file.rules().duplicates, rules.duplicates);
  EXPECT_EQ(file.rules().repeats, rules.repeats);
  EXPECT_EQ(file.rules().min_total, rules.min_total);
  ASSERT_TRUE(file.has_log_rows());
  for (const bool by_item : {false, true}) {
    const DatasetPart part = by_item ? DatasetPart::interactions_by_item : DatasetPart::interactions;
    for (const RowRange rows : reading_ranges(comm_, file.rows(part))) {
      const LogRows read = file.log_rows(part, rows);
      const LogRows expected = sample_log_rows(rows, small_log.users, small_log.items, by_item);
      EXPECT_EQ(read.offsets, expected.offsets);
      EXPECT_EQ(read.columns, expected.columns);
      EXPECT_EQ(read.values, expected.values);
      EXPECT_EQ(*read.times_seconds, *expected.times_seconds);
      const DatasetPart repeated = by_item ? DatasetPart::repeated_by_item : DatasetPart::repeated;
      expect_equal(file.read(repeated, rows), sample_matrix(rows, small_log.users, small_log.items, by_item));
    }
  }
}

TEST_F(DatasetTest, AFileOfTheFirstFormatIsReadButForWhatItCannotHold) {
  const std::string path = folder_.file("log.h5");
  write_dataset(comm_, path, marked_dataset(comm_, small_log, SampleIds::integers), sample_provenance());
  comm_.barrier();
  if (comm_.is_root()) {
    const OpenFile file(path);
    file.set_attribute<std::int64_t>("/", "format-version", {1});
    for (const char* name : {"duplicates", "repeats"}) file.remove_attribute("/", name);
    file.remove("/heldout/interactions_by_item");
    file.remove("/digests");
    file.remove_attribute("/", "metadata-digest");
  }
  comm_.barrier();
  const DatasetReader file(comm_, path);
  const RowRange users{0, small_log.users};
  expect_equal(file.read(DatasetPart::interactions, users),
               sample_matrix(users, small_log.users, small_log.items, false));
  expect_equal(file.read(DatasetPart::heldout, users),
               sample_matrix(users, small_log.users, small_log.items, false, 1));
  EXPECT_FALSE(file.has(DatasetPart::heldout_by_item));
  EXPECT_EQ(error_of([&] { static_cast<void>(file.rows(DatasetPart::heldout_by_item)); }),
            "65: " + path +
                ": /heldout/interactions_by_item is missing, as in every file of format-version 1; run prepare again");
  EXPECT_EQ(error_of([&] { const DatasetReader fold(comm_, path, parse_fold("temporal:1/2")); }),
            "65: " + path + ": its format-version 1 does not hold what temporal folds need; run prepare again");
  EXPECT_EQ(error_of([&] { const DatasetReader fold(comm_, path, parse_fold("column:1")); }), "");
}

TEST_F(DatasetTest, TimesAndFoldsComeBackInAnyPartition) {
  const std::string path = folder_.file("log.h5");
  write_dataset(comm_, path, marked_dataset(comm_, small_log, SampleIds::integers), sample_provenance());
  const DatasetReader file(comm_, path);
  for (const bool by_item : {false, true}) {
    const DatasetPart part = by_item ? DatasetPart::interactions_by_item : DatasetPart::interactions;
    for (const RowRange rows : reading_ranges(comm_, file.rows(part))) {
      SparseRows expected = sample_matrix(rows, small_log.users, small_log.items, by_item);
      mark_sample(expected, by_item);
      for (const EntryMark mark : {EntryMark::time, EntryMark::fold}) {
        EXPECT_TRUE(file.has(part, mark));
        EXPECT_EQ(file.marks(part, mark, rows), expected_marks(expected, mark));
      }
    }
  }
  EXPECT_FALSE(file.has(DatasetPart::heldout, EntryMark::time));
}

TEST_F(DatasetTest, TheDigestCoversTimesAndFolds) {
  const Dataset plain = sample_dataset(comm_, small_log, SampleIds::integers);
  const Dataset marked = marked_dataset(comm_, small_log, SampleIds::integers);
  const std::uint64_t digest = content_digest(comm_, marked.interactions);
  EXPECT_NE(digest, content_digest(comm_, plain.interactions));
  SparseRows other = marked.interactions;
  if (comm_.rank() == comm_.size() - 1) ++other.times_seconds->back();
  EXPECT_NE(content_digest(comm_, other), digest);
  other = marked.interactions;
  if (comm_.rank() == comm_.size() - 1) ++other.folds->back();
  EXPECT_NE(content_digest(comm_, other), digest);
}

TEST_F(DatasetTest, TheDigestCoversLogRowsAndTheirRules) {
  const auto digest_of = [&](MergeRules rules) {
    return content_digest(comm_, split_dataset(comm_, small_log, SampleIds::integers, rules));
  };
  Dataset dataset = split_dataset(comm_, small_log, SampleIds::integers, {});
  const std::uint64_t digest = content_digest(comm_, dataset);
  EXPECT_EQ(digest, digest_of({}));
  EXPECT_NE(digest, content_digest(comm_, dataset.interactions));
  EXPECT_NE(digest, digest_of({.duplicates = DuplicatePolicy::sum}));
  EXPECT_NE(digest, digest_of({.repeats = Repeats::keep}));
  EXPECT_NE(digest, digest_of({.min_total = 0.5}));
  for (double& value : dataset.log_rows->by_user.values) value += 1;  // not every rank has some
  EXPECT_NE(digest, content_digest(comm_, dataset));
  dataset.log_rows.reset();
  EXPECT_EQ(content_digest(comm_, dataset), content_digest(comm_, dataset.interactions));
}

TEST_F(DatasetTest, WithoutAHeldOutPart) {
  Dataset dataset = sample_dataset(comm_, small_log, SampleIds::strings);
  dataset.heldout.reset();
  write_dataset(comm_, folder_.file("log.h5"), dataset, sample_provenance());
  const DatasetReader file(comm_, folder_.file("log.h5"));
  EXPECT_FALSE(file.has(DatasetPart::heldout));
  EXPECT_EQ(error_of([&] { static_cast<void>(file.rows(DatasetPart::heldout)); }),
            "65: " + folder_.file("log.h5") + ": /heldout/interactions is missing");
  EXPECT_EQ(folder_.names(), std::vector<std::string>{"log.h5"});
}

TEST_F(DatasetTest, ColumnsBeyond32BitsAreKept) {
  Dataset dataset = sample_dataset(comm_, {}, SampleIds::integers);
  SparseRows wide;
  wide.rows = {comm_.rank(), comm_.rank() + 1};
  wide.total_rows = comm_.size();
  wide.column_count = Index{1} << 33;
  wide.columns = {7, (Index{1} << 33) - 1};
  wide.values = {1, 2};
  wide.offsets = {0, 2};
  // No dictionary of 2^33 ids is at hand: written with the ids of an empty log and read past the checks of the whole.
  dataset.heldout = {wide, {}};
  const std::string path = folder_.file("wide.h5");
  write_dataset(comm_, path, dataset, sample_provenance());
  if (comm_.is_root()) {
    const OpenFile file(path);
    const hid_t set = H5Dopen2(file.get(), "/heldout/interactions/indices", H5P_DEFAULT);
    EXPECT_EQ(H5Tget_size(H5Dget_type(set)), 8U);
    std::vector<std::int64_t> columns(static_cast<std::size_t>(2 * comm_.size()));
    EXPECT_GE(H5Dread(set, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, columns.data()), 0);
    EXPECT_EQ(columns.back(), (Index{1} << 33) - 1);
  }
  comm_.barrier();
}

/// All pairs of a sample log, or its transpose: users of the training part, then those held out whole.
SparseRows sample_of_all_parts(RowRange rows, const SampleSize& size, bool by_item, std::optional<double> min_total) {
  const Index users = size.users + size.heldout_users;
  SparseRows all{.rows = rows,
                 .total_rows = by_item ? size.items : users,
                 .column_count = by_item ? users : size.items,
                 .columns = {},
                 .values = {}};
  for (Index r = rows.begin; r < rows.end; ++r) {
    for (Index c = 0; c < all.column_count; ++c) {
      const Index item = by_item ? r : c;
      const Index row = by_item ? c : r;
      const Index user = row < size.users ? row : row - size.users;
      const bool is_training = row < size.users && (user + item) % 2 == 1;
      if (!sample_pair(user, item)) continue;
      if (row < size.users && size.heldout_users > 0 && !is_training) continue;
      if (is_training && min_total && static_cast<double>(sample_value(user, item)) < *min_total) continue;
      all.columns.push_back(c);
      all.values.push_back(sample_value(user, item));
    }
    all.offsets.push_back(static_cast<Index>(all.columns.size()));
  }
  return all;
}

TEST_F(DatasetTest, AllPartsAreOneMatrixFromBothSides) {
  const std::string path = folder_.file("log.h5");
  const MergeRules rules{.duplicates = DuplicatePolicy::sum, .repeats = Repeats::drop, .min_total = 0.75};
  for (const bool has_repeats : {false, true}) {
    for (const SampleSize& size : {small_log, SampleSize{.users = 61, .items = 40, .heldout_users = 9}}) {
      if (has_repeats && size.heldout_users > 0) continue;
      write_dataset(comm_, path,
                    has_repeats ? split_dataset(comm_, size, SampleIds::strings, rules)
                                : sample_dataset(comm_, size, SampleIds::strings),
                    sample_provenance());
      comm_.barrier();
      const DatasetReader file(comm_, path, std::nullopt, TrainedOn::all);
      const Index users = size.users + size.heldout_users;
      EXPECT_EQ(file.users(), users);
      EXPECT_EQ(file.training_users(), size.users);
      EXPECT_FALSE(file.has(DatasetPart::heldout));
      const std::optional<double> min_total = has_repeats ? rules.min_total : std::nullopt;
      for (const DatasetPart part : {DatasetPart::interactions, DatasetPart::interactions_by_item}) {
        const bool by_item = part == DatasetPart::interactions_by_item;
        EXPECT_EQ(file.entries(part), sample_of_all_parts({0, users}, size, false, min_total).entries());
        for (const RowRange& rows : reading_ranges(comm_, by_item ? size.items : users)) {
          const SparseRows expected = sample_of_all_parts(rows, size, by_item, min_total);
          expect_equal(file.read(part, rows), expected);
          EXPECT_EQ(file.row_sizes(part, rows), row_sizes(expected));
        }
      }
      const IdRows ids = file.user_ids({0, users});
      EXPECT_EQ(id_count(ids.ids), users);
      EXPECT_EQ(id_text(ids.ids, users - 1), size.heldout_users > 0 ? "held out 64" : "user 484");
      comm_.barrier();
    }
  }
}

TEST_F(DatasetTest, TheValidationPartIsAFoldAndPartOfAnotherTraining) {
  const std::string path = folder_.file("log.h5");
  const SampleSize size{.users = 61, .items = 40, .heldout_users = 9};
  const SampleSize former{.users = 61, .items = 40};  // sample_of_all_parts() has all pairs of these
  const Dataset dataset = validated_dataset(comm_, size, SampleIds::strings);
  write_dataset(comm_, path, dataset, sample_provenance());
  comm_.barrier();
  const DatasetReader fold(comm_, path, parse_fold("prepared"));
  const DatasetReader both(comm_, path, std::nullopt, TrainedOn::training_and_validation);
  const DatasetReader all(comm_, path, std::nullopt, TrainedOn::all);
  EXPECT_EQ(fold.provenance().dataset_digest, content_digest(comm_, dataset));
  EXPECT_NE(fold.provenance().dataset_digest, content_digest(comm_, dataset.interactions));
  EXPECT_FALSE(fold.has(DatasetPart::given));
  EXPECT_FALSE(both.has(DatasetPart::validation));
  EXPECT_EQ(both.users(), size.users);
  EXPECT_EQ(both.entries(DatasetPart::heldout), DatasetReader(comm_, path).entries(DatasetPart::heldout));
  for (const RowRange& rows : reading_ranges(comm_, size.users)) {
    expect_equal(fold.read(DatasetPart::interactions, rows), sample_matrix(rows, size.users, size.items, false));
    expect_equal(fold.read(DatasetPart::heldout, rows), sample_matrix(rows, size.users, size.items, false, 1));
    EXPECT_EQ(fold.row_sizes(DatasetPart::heldout, rows),
              row_sizes(sample_matrix(rows, size.users, size.items, false, 1)));
    const SparseRows expected = sample_of_all_parts(rows, former, false, std::nullopt);
    expect_equal(both.read(DatasetPart::interactions, rows), expected);
    EXPECT_EQ(all.read(DatasetPart::interactions, rows).columns, expected.columns);
    EXPECT_EQ(both.row_sizes(DatasetPart::interactions, rows), row_sizes(expected));
    expect_equal(DatasetReader(comm_, path).read_known(rows), expected);
  }
  for (const RowRange& rows : reading_ranges(comm_, size.items)) {
    const SparseRows expected = sample_of_all_parts(rows, former, true, std::nullopt);
    expect_equal(both.read(DatasetPart::interactions_by_item, rows), expected);
    EXPECT_EQ(both.row_sizes(DatasetPart::interactions_by_item, rows), row_sizes(expected));
  }
}

TEST_F(DatasetTest, DigestDoesNotDependOnThePartition) {
  const Index users = 173;
  const Index items = 61;
  const std::uint64_t digest = content_digest(comm_, sample_matrix(sample_range(comm_, users), users, items, false));
  const RowRange on_root = comm_.is_root() ? RowRange{0, users} : RowRange{users, users};
  const SparseRows whole = sample_matrix(on_root, users, items, false);
  EXPECT_EQ(content_digest(comm_, whole), digest);
  // The same for any number of ranks, forever: a file's digest is compared with a model's.
  EXPECT_EQ(digest, 4660550120674512414U);

  const auto changed = [&](auto&& change) {
    SparseRows other = whole;
    if (comm_.is_root()) change(other);
    return content_digest(comm_, other);
  };
  EXPECT_NE(changed([](SparseRows& m) { m.values[3] += 1; }), digest);
  EXPECT_NE(changed([](SparseRows& m) { m.columns[3] += 1; }), digest);
  EXPECT_NE(changed([](SparseRows& m) { m.offsets[2] -= 1; }), digest);
}

/// Leaves freed memory full of `byte`.
void dirty_memory(char byte) {
  std::vector<std::vector<char>> blocks;
  for (std::size_t bytes = 8; bytes < 10000; bytes += 64) blocks.emplace_back(bytes, byte);
}

TEST_F(DatasetTest, NoByteOfTheFileComesFromStrayMemory) {
  for (const SampleSize& size : {SampleSize{}, small_log}) {
    std::string first;
    for (const char byte : {'a', 'b', 'c', 'd', 'e'}) {
      const std::string path = folder_.file("log.h5");
      dirty_memory(byte);
      write_dataset(comm_, path, sample_dataset(comm_, size, SampleIds::integers), sample_provenance());
      const std::string content = file_content(path);
      comm_.barrier();
      if (first.empty()) first = content;
      EXPECT_TRUE(content == first) << byte << size.users;
    }
  }
}

TEST_F(DatasetTest, TheFileCarriesItsDigest) {
  const Dataset dataset = sample_dataset(comm_, small_log, SampleIds::integers);
  write_dataset(comm_, folder_.file("log.h5"), dataset, sample_provenance());
  EXPECT_EQ(DatasetReader(comm_, folder_.file("log.h5")).provenance().dataset_digest, content_digest(comm_, dataset));
}

TEST_F(DatasetTest, AModelIsNoDataset) {
  const std::string path = folder_.file("model.h5");
  write_model(comm_, path, sample_model(comm_, small_log, SampleIds::integers, 4, false), sample_provenance());
  EXPECT_EQ(error_of([&] { const DatasetReader file(comm_, path); }),
            "65: " + path + " is a model, expected a dataset");
}

}  // namespace
}  // namespace rankwise
