// Dataset files: what any number of ranks wrote, any number reads; damage is named.

#include "io/dataset/dataset.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <limits>
#include <numeric>
#include <optional>

#include "distributed/log/content_digest.hpp"
#include "io/dataset/dataset_writer.hpp"
#include "io/dataset/id_file.hpp"
#include "io/dataset/provenance_attributes.hpp"
#include "io/dataset/sparse_file.hpp"
#include "io/model/model.hpp"
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

struct Damage {
  const char* name;
  void (*apply)(const OpenFile& file);
  const char* message;  ///< after the file's name
};

void PrintTo(const Damage& damage, std::ostream* out) {
  *out << damage.name;
}

class DamagedDataset : public DatasetTest, public testing::WithParamInterface<Damage> {
 protected:
  /// A sound file at `path`; written together once, then copied by the root.
  void put_sample(const std::string& path) const {
    static std::string content;
    if (content.empty()) {
      write_dataset(comm_, path, split_dataset(comm_, small_log, SampleIds::integers, {}), sample_provenance());
      comm_.barrier();
      content = file_content(path);
    } else if (comm_.is_root()) {
      std::ofstream(path, std::ios::binary) << content;
    }
    comm_.barrier();
  }
};

/// Opens the file and reads all of it, every rank its rows.
void read_everything(const Communicator& comm, const std::string& path) {
  const DatasetReader file(comm, path, std::nullopt, TrainedOn::training, InputCheck::none);
  static_cast<void>(file.user_ids(sample_range(comm, file.users())));
  static_cast<void>(file.item_ids(sample_range(comm, file.items())));
  for (const DatasetPart part : {DatasetPart::interactions, DatasetPart::interactions_by_item}) {
    if (file.has_log_rows()) static_cast<void>(file.log_rows(part, sample_range(comm, file.rows(part))));
  }
  for (const DatasetPart part : all_dataset_parts) {
    if (!file.has(part)) continue;
    static_cast<void>(file.row_sizes(part, sample_range(comm, file.rows(part))));
    static_cast<void>(file.read(part, sample_range(comm, file.rows(part))));
    for (const EntryMark mark : {EntryMark::time, EntryMark::fold}) {
      if (file.has(part, mark)) static_cast<void>(file.marks(part, mark, sample_range(comm, file.rows(part))));
    }
  }
}

TEST_P(DamagedDataset, IsNamedOnEveryRank) {
  const std::string path = folder_.file("damaged.h5");
  put_sample(path);
  EXPECT_EQ(error_of([&] { read_everything(comm_, path); }), "") << "before the damage";
  comm_.barrier();
  if (comm_.is_root()) GetParam().apply(OpenFile(path));
  comm_.barrier();
  EXPECT_EQ(error_of([&] { read_everything(comm_, path); }), "65: " + path + GetParam().message);
}

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr std::int64_t far_away = std::int64_t{1} << 60;

INSTANTIATE_TEST_SUITE_P(
    Kinds, DamagedDataset,
    testing::Values(
        Damage{"no_kind", [](const OpenFile& f) { f.remove_attribute("/", "kind"); },
               " is not a file of this program (its root has no attribute kind), expected a dataset"},
        Damage{"other_kind", [](const OpenFile& f) { f.set_text("/", "kind", "clustering"); },
               " is a clustering, expected a dataset"},
        Damage{"newer_format", [](const OpenFile& f) { f.set_attribute<std::int64_t>("/", "format-version", {9}); },
               " has format version 9, this program reads versions 1 to 3"},
        Damage{"no_ids", [](const OpenFile& f) { f.remove("/users/ids"); }, ": /users/ids is missing"},
        Damage{"no_users", [](const OpenFile& f) { f.remove("/users"); }, ": /users/ids is missing"},
        Damage{"float_ids", [](const OpenFile& f) { f.replace("/users/ids", H5T_NATIVE_FLOAT, {23}); },
               ": /users/ids is not one row of integer or string ids: it holds float32 values"},
        Damage{"negative_id", [](const OpenFile& f) { f.overwrite<std::int64_t>("/items/ids", 13, -4); },
               ": /items/ids: row 13 holds the negative id -4"},
        Damage{"fewer_ids", [](const OpenFile& f) { f.replace("/items/ids", H5T_NATIVE_INT64, {13}); },
               ": /interactions is 23 x 14, expected 23 x 13 from the ids"},
        Damage{"no_matrix", [](const OpenFile& f) { f.remove("/interactions"); }, ": /interactions: is missing"},
        Damage{"no_transpose", [](const OpenFile& f) { f.remove("/interactions_by_item"); },
               ": /interactions_by_item: is missing"},
        Damage{"no_indptr", [](const OpenFile& f) { f.remove("/interactions/indptr"); },
               ": /interactions/indptr is missing"},
        Damage{"no_encoding", [](const OpenFile& f) { f.remove_attribute("/interactions", "encoding-type"); },
               ": attribute encoding-type of /interactions is missing"},
        Damage{"other_encoding", [](const OpenFile& f) { f.set_text("/interactions", "encoding-type", "csc_matrix"); },
               ": /interactions: its encoding-type is not csr_matrix"},
        Damage{"one_extent", [](const OpenFile& f) { f.set_attribute<std::int64_t>("/interactions", "shape", {23}); },
               ": /interactions: its attribute shape is not two numbers >= 0"},
        Damage{"huge_shape",
               [](const OpenFile& f) {
                 f.set_attribute<std::int64_t>("/interactions", "shape", {far_away, 14});
               },
               ": /interactions: indptr holds 24 offsets, expected 1152921504606846977 for 1152921504606846976 rows"},
        Damage{"negative_shape",
               [](const OpenFile& f) {
                 f.set_attribute<std::int64_t>("/interactions", "shape", {23, -14});
               },
               ": /interactions: its attribute shape is not two numbers >= 0"},
        Damage{"short_indices", [](const OpenFile& f) { f.replace("/interactions/indices", H5T_NATIVE_INT32, {5}); },
               ": /interactions: data holds 27 values, but indices 5"},
        Damage{"short_transpose",
               [](const OpenFile& f) {
                 f.replace("/interactions_by_item/indices", H5T_NATIVE_INT32, {5});
                 f.replace("/interactions_by_item/data", H5T_NATIVE_FLOAT, {5});
               },
               ": /interactions and its transpose differ in the number of entries"},
        Damage{"text_data", [](const OpenFile& f) { f.replace("/interactions/data", H5T_C_S1, {27}); },
               ": /interactions/data holds strings, expected floating-point numbers"},
        Damage{"float_indices", [](const OpenFile& f) { f.replace("/interactions/indices", H5T_NATIVE_FLOAT, {27}); },
               ": /interactions/indices holds floating-point numbers, expected integers"},
        Damage{"first_offset", [](const OpenFile& f) { f.overwrite<std::int64_t>("/interactions/indptr", 0, 1); },
               ": /interactions: indptr does not begin at 0"},
        Damage{"last_offset", [](const OpenFile& f) { f.overwrite<std::int64_t>("/interactions/indptr", 23, 26); },
               ": /interactions: indptr does not end at the 27 entries that there are"},
        Damage{"column_too_large",
               [](const OpenFile& f) { f.overwrite<std::int32_t>("/interactions/indices", 26, 14); },
               ": /interactions: row 22 has an entry in column 14 of 14"},
        Damage{"negative_column",
               [](const OpenFile& f) { f.overwrite<std::int32_t>("/interactions_by_item/indices", 0, -1); },
               ": /interactions_by_item: row 0 has an entry in column -1 of 23"},
        Damage{"short_times", [](const OpenFile& f) { f.replace("/interactions/time", H5T_NATIVE_INT64, {5}); },
               ": /interactions/time holds 5 numbers, expected one for each of 27 entries"},
        Damage{"float_times", [](const OpenFile& f) { f.replace("/interactions/time", H5T_NATIVE_FLOAT, {27}); },
               ": /interactions/time holds floating-point numbers, expected integers"},
        Damage{"negative_fold",
               [](const OpenFile& f) { f.overwrite<std::int32_t>("/interactions_by_item/fold", 3, -1); },
               ": /interactions_by_item/fold: entry 3 holds the fold -1, expected a number from 0 to 9999"},
        Damage{"nan_value",
               [](const OpenFile& f) { f.overwrite<float>("/heldout/interactions/data", 0, not_a_number); },
               ": /heldout/interactions: row 0, column 0 holds a value that is not finite"},
        Damage{"no_heldout_transpose", [](const OpenFile& f) { f.remove("/heldout/interactions_by_item"); },
               ": /heldout/interactions_by_item: is missing"},
        Damage{"no_repeated_transpose", [](const OpenFile& f) { f.remove("/heldout/repeated_by_item"); },
               ": /heldout/repeated_by_item: is missing"},
        Damage{"short_heldout_transpose",
               [](const OpenFile& f) {
                 f.replace("/heldout/interactions_by_item/indices", H5T_NATIVE_INT32, {5});
                 f.replace("/heldout/interactions_by_item/data", H5T_NATIVE_FLOAT, {5});
               },
               ": /heldout/interactions and its transpose differ in the number of entries"},
        Damage{"no_log_rows_transpose", [](const OpenFile& f) { f.remove("/log_rows_by_item"); },
               ": /log_rows_by_item: is missing"},
        Damage{"log_rows_without_times", [](const OpenFile& f) { f.remove("/log_rows_by_item/time"); },
               ": /log_rows_by_item/time is missing"},
        Damage{"nan_in_log_rows", [](const OpenFile& f) { f.overwrite<double>("/log_rows/data", 0, not_a_number); },
               ": /log_rows: row 1, column 2 holds a value that is not finite"},
        Damage{"column_of_log_rows",
               [](const OpenFile& f) { f.overwrite<std::int32_t>("/log_rows_by_item/indices", 0, 23); },
               ": /log_rows_by_item: row 0 has an entry in column 23 of 23"},
        Damage{"other_policy", [](const OpenFile& f) { f.set_text("/", "duplicates", "first"); },
               ": its attribute duplicates is unknown, expected one of sum, last, max, mean, error"},
        Damage{"no_repeats", [](const OpenFile& f) { f.remove_attribute("/", "repeats"); },
               ": attribute repeats of / is missing"}),
    [](const auto& tested) { return std::string(tested.param.name); });

/// What one rank finds in the file, without the collective reader.
void read_alone(const std::string& path) {
  const Hdf5Reader file(path);
  static_cast<void>(read_provenance(file, "dataset"));
  for (const char* name : {"/users/ids", "/items/ids"})
    static_cast<void>(read_ids(file, name, {0, id_rows(file, name)}));
  for (const char* name : {"/interactions", "/interactions_by_item", "/heldout/interactions"}) {
    const SparseShape shape = sparse_shape(file, name);
    static_cast<void>(read_sparse(file, name, shape, {0, shape.rows}));
  }
}

TEST_F(DatasetTest, NoDamagedByteCrashesTheReader) {
  if (comm_.size() > 1) GTEST_SKIP() << "one rank reads alone; nothing differs with more";
  const std::string path = folder_.file("log.h5");
  write_dataset(comm_, path, sample_dataset(comm_, small_log, SampleIds::strings), sample_provenance());
  const std::string whole = file_content(path);
  const std::string damaged = folder_.file("damaged.h5");
  const std::size_t heap = whole.find("GCOL");
  int errors = 0;
  int tried = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    // Texts lie in a heap without a checksum: every byte of its beginning; elsewhere some of what is not padding.
    const bool in_heap = at >= heap && at < heap + 256;
    if (!in_heap && (whole[at] == 0 || at % 29 != 0)) continue;
    for (const char byte : {static_cast<char>(whole[at] ^ 1), static_cast<char>(0xff)}) {
      std::string content = whole;
      content[at] = byte;
      std::ofstream(damaged, std::ios::binary) << content;
      const std::string error = error_of([&] { read_alone(damaged); });
      EXPECT_TRUE(error.empty() || error.starts_with("65: " + damaged)) << at << ": " << error;
      EXPECT_EQ(error.find('\n'), std::string::npos) << error;
      errors += error.empty() ? 0 : 1;
      ++tried;
    }
  }
  EXPECT_GT(tried, 500);
  EXPECT_GT(errors, tried / 4);
  std::string content = whole;
  content[heap] = 'X';
  std::ofstream(damaged, std::ios::binary) << content;
  EXPECT_EQ(error_of([&] { read_alone(damaged); }),
            "65: " + damaged + ": attribute kind of / is damaged: its text is not where it should be");
}

TEST_F(DatasetTest, OffsetsThatFallAreNamedWhoeverReadsThem) {
  const std::string path = folder_.file("log.h5");
  write_dataset(comm_, path, sample_dataset(comm_, small_log, SampleIds::integers), sample_provenance());
  for (const std::int64_t offset : {std::int64_t{-1}, std::int64_t{28}, far_away}) {
    if (comm_.is_root()) OpenFile(path).overwrite<std::int64_t>("/interactions/indptr", 11, offset);
    comm_.barrier();
    EXPECT_EQ(error_of([&] { read_everything(comm_, path); }).substr(0, 3), "65:") << offset;
    comm_.barrier();
  }
}

TEST_F(DatasetTest, ColumnsThatDoNotAscendAreNamed) {
  const std::string path = folder_.file("log.h5");
  Dataset dataset = sample_dataset(comm_, small_log, SampleIds::integers);
  const std::vector<Index> sizes = row_sizes(sample_matrix({0, 23}, 23, 14, false));
  const auto row = std::ranges::find_if(sizes, [](Index size) { return size > 1; }) - sizes.begin();
  const Index entry = std::accumulate(sizes.begin(), sizes.begin() + row, Index{0});
  write_dataset(comm_, path, dataset, sample_provenance());
  const SparseRows whole = sample_matrix({0, 23}, 23, 14, false);
  const auto repeated = static_cast<std::int32_t>(whole.columns[static_cast<std::size_t>(entry)]);
  if (comm_.is_root()) {
    OpenFile(path).overwrite<std::int32_t>("/interactions/indices", static_cast<std::size_t>(entry) + 1, repeated);
  }
  comm_.barrier();
  EXPECT_EQ(error_of([&] { read_everything(comm_, path); }),
            fmt::format("65: {}: /interactions: row {}: column {} follows column {}, expected ascending columns", path,
                        row, repeated, repeated));
}

}  // namespace
}  // namespace rankwise
