// Damaged dataset files: each damage is named, on every rank, and none crashes the reader.

#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <limits>
#include <optional>

#include "io/dataset/dataset.hpp"
#include "io/dataset/dataset_writer.hpp"
#include "io/dataset/id_file.hpp"
#include "io/dataset/provenance_attributes.hpp"
#include "io/sparse/sparse_file.hpp"
#include "tests/io/damage.hpp"
#include "tests/io/sample_files.hpp"
#include "tests/io/shared_folder.hpp"

namespace rankwise {
namespace {

constexpr SampleSize small_log{.users = 23, .items = 14};

class DamagedFileTest : public testing::Test {
 protected:
  Communicator comm_ = Communicator::world();
  SharedFolder folder_{comm_};
};

struct Damage {
  const char* name;
  void (*apply)(const OpenFile& file);
  const char* message;  ///< after the file's name
};

void PrintTo(const Damage& damage, std::ostream* out) {
  *out << damage.name;
}

class DamagedDataset : public DamagedFileTest, public testing::WithParamInterface<Damage> {
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

TEST_F(DamagedFileTest, NoDamagedByteCrashesTheReader) {
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

TEST_F(DamagedFileTest, OffsetsThatFallAreNamedWhoeverReadsThem) {
  const std::string path = folder_.file("log.h5");
  write_dataset(comm_, path, sample_dataset(comm_, small_log, SampleIds::integers), sample_provenance());
  for (const std::int64_t offset : {std::int64_t{-1}, std::int64_t{28}, far_away}) {
    if (comm_.is_root()) OpenFile(path).overwrite<std::int64_t>("/interactions/indptr", 11, offset);
    comm_.barrier();
    EXPECT_EQ(error_of([&] { read_everything(comm_, path); }).substr(0, 3), "65:") << offset;
    comm_.barrier();
  }
}

TEST_F(DamagedFileTest, ColumnsThatDoNotAscendAreNamed) {
  const std::string path = folder_.file("log.h5");
  Dataset dataset = sample_dataset(comm_, small_log, SampleIds::integers);
  write_dataset(comm_, path, dataset, sample_provenance());
  const SparseRows whole = sample_matrix({0, 23}, 23, 14, false);
  const std::vector<Index>& offsets = whole.offsets;  // the first row with two entries
  const auto two_apart = [](Index begin, Index end) { return end - begin > 1; };
  const auto row = std::ranges::adjacent_find(offsets, two_apart) - offsets.begin();
  const Index entry = offsets[static_cast<std::size_t>(row)];
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
