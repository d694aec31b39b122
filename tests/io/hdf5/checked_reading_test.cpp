// What readers compare with digests: every byte that they read, on whichever rank.

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <functional>
#include <gtest/gtest.h>

#include "distributed/rows/partition.hpp"
#include "io/hdf5/describe_file.hpp"
#include "io/hdf5/file_digests.hpp"
#include "io/hdf5/row_chunks.hpp"
#include "io/hdf5/row_digests.hpp"
#include "io/points/points_file.hpp"
#include "tests/io/damage.hpp"
#include "tests/io/sample_of_each_kind.hpp"

namespace rankwise {
namespace {

class CheckedReadingTest : public testing::Test {
 protected:
  void flip(const std::string& path, std::int64_t offset) const {
    comm_.barrier();
    comm_.barrier();  // nobody reads it any more
    if (comm_.is_root()) flip_bit(path, offset);
    comm_.barrier();
  }
  /// Where a dataset's rows begin, the same on all ranks.
  [[nodiscard]] std::int64_t place_of(const std::string& path, const std::string& dataset) const {
    const std::int64_t place = comm_.is_root() ? offset_of(path, dataset) : 0;
    return comm_.max(place);
  }
  [[nodiscard]] RowRange mine(Index rows) const { return Partition::by_count(rows, comm_.size()).range(comm_.rank()); }

  Communicator comm_ = Communicator::world();
  SharedFolder folder_{comm_};
};

void add(std::string& content, const void* values, std::size_t bytes) {
  content.append(static_cast<const char*>(values), bytes);
}

template <class T>
void add(std::string& content, const std::vector<T>& values) {
  add(content, values.data(), values.size() * sizeof(T));
}

void add(std::string& content, const Ids& ids) {
  for (Index row = 0; row < id_count(ids); ++row) content += id_text(ids, row) + '\n';
}

void add(std::string& content, const Matrix& matrix) {
  for (Index r = 0; r < matrix.rows(); ++r) {
    add(content, matrix.row(r), static_cast<std::size_t>(matrix.columns()) * sizeof(float));
  }
}

void add(std::string& content, const std::optional<Table>& table) {
  if (!table) return;
  for (const TableColumn& column : table->columns) {
    content += column.name;
    for (Index row = 0; row < table->rows.size(); ++row) content += value_text(column.values, row) + '\n';
  }
}

/// All that this rank reads of a file of a kind.
std::string read_dataset(const Communicator& comm, const std::string& path, InputCheck check) {
  const DatasetReader file(comm, path, std::nullopt, TrainedOn::training, check);
  const auto share = [&](Index rows) { return Partition::by_count(rows, comm.size()).range(comm.rank()); };
  std::string content;
  for (const DatasetPart part : all_dataset_parts) {
    if (!file.has(part)) continue;
    const SparseRows rows = file.read(part, share(file.rows(part)));
    add(content, rows.offsets);
    add(content, rows.columns);
    add(content, rows.values);
  }
  add(content, file.user_ids(share(file.users())).ids);
  add(content, file.item_ids(share(file.items())).ids);
  add(content, file.heldout_user_ids(share(file.rows(DatasetPart::given))).ids);
  const DatasetTables tables = read_dataset_tables(comm, path, check);
  for (const auto& table : {tables.items, tables.users, tables.heldout_users}) add(content, table);
  return content;
}

std::string read_model(const Communicator& comm, const std::string& path, InputCheck check) {
  const ModelReader file(comm, path, check);
  const RowRange users = Partition::by_count(file.users(), comm.size()).range(comm.rank());
  const RowRange items = Partition::by_count(file.items(), comm.size()).range(comm.rank());
  std::string content;
  for (const EpochLoss& loss : file.history()) content += fmt::format("{} ", loss.total());
  add(content, file.user_factors(users));
  add(content, file.item_factors(items));
  add(content, file.user_entries(users));
  add(content, file.item_entries(items));
  add(content, file.user_ids(users).ids);
  add(content, file.item_ids(items).ids);
  for (const std::optional<ModelFeatures>* features : {&file.user_features(), &file.item_features()}) {
    if (*features) add(content, (*features)->weights);
  }
  return content;
}

std::string read_clustering(const Communicator& comm, const std::string& path, InputCheck check) {
  const ClusteringReader file(comm, path, check);
  std::string content;
  add(content, file.centroids());
  add(content, file.scaling()->shift);
  add(content, file.scaling()->scale);
  for (const std::string& name : file.dimension_names()) content += name;
  const ClusteredRows rows = file.clustered_rows(Partition::by_count(file.rows(), comm.size()).range(comm.rank()));
  add(content, rows.assignments);
  add(content, rows.ids.ids);
  return content;
}

std::string read_user_metrics(const Communicator& comm, const std::string& path, InputCheck check) {
  const UserMetricsReader file(comm, path, check);
  const RowRange rows = Partition::by_count(file.users(), comm.size()).range(comm.rank());
  std::string content;
  add(content, file.user_ids(rows).ids);
  for (std::size_t m = 0; m < file.names().size(); ++m) {
    const UserMetric metric = file.metric(m, rows);
    content += metric.name + metric.definition;
    add(content, metric.values);
  }
  return content;
}

TEST_F(CheckedReadingTest, EveryFlippedByteIsAnErrorOrIsNotRead) {
  const std::vector<std::string> paths = sample_of_each_kind(comm_, folder_);
  const std::vector<std::function<std::string(const Communicator&, const std::string&, InputCheck)>> readers{
      read_dataset, read_model, read_clustering, read_user_metrics, read_model};
  for (std::size_t kind = 0; kind < paths.size(); ++kind) {
    const std::string& path = paths[kind];
    const auto read = [&](InputCheck check) { return readers[kind](comm_, path, check); };
    const std::string expected = read(InputCheck::none);
    EXPECT_EQ(read(InputCheck::digests), expected);
    Index noticed = 0;
    Index tried = 0;
    for (const FileObject& object : describe_file(path).objects) {
      if (object.kind != FileObject::Kind::dataset || object.stored_bytes == 0) continue;
      const std::int64_t begin = place_of(path, object.path);
      const bool is_table = object.path.starts_with(digests_group);
      for (const Index at : {Index{0}, object.stored_bytes / 2, object.stored_bytes - 1}) {
        flip(path, begin + at);
        ++tried;
        std::string content;
        const std::string error = error_of([&] { content = read(InputCheck::digests); });
        if (error.empty()) {
          EXPECT_EQ(content, expected) << object.path;
          // The ids of a table and the names of features are for other programs.
          EXPECT_TRUE(object.path.starts_with("/clusters/") || object.path.starts_with("/history/") ||
                      object.path.ends_with("/table/_index") || object.path.ends_with("-features/names"))
              << object.path;
        } else {
          ++noticed;
          const std::string named = is_table ? "attributes, shapes or /digests are damaged" : object.path + ": rows [0";
          EXPECT_TRUE(error.starts_with("65: " + path + ": " + named)) << error;
        }
        flip(path, begin + at);
      }
    }
    EXPECT_GT(noticed, tried / 2) << path;
    EXPECT_EQ(read(InputCheck::digests), expected);
  }
}

/// Three chunks and a bit of each type, some narrower and some wider than in memory.
std::string typed_file(const Communicator& comm, const SharedFolder& folder, int deflate_level) {
  constexpr Index rows = 60'000;
  const std::string path = folder.file("typed.h5");
  const RowRange mine = sample_range(comm, rows);
  Hdf5Writer file(comm, path, rows * 100, {.deflate_level = deflate_level});
  Matrix factors(mine.size(), 9);
  std::vector<std::string> texts;
  for (Index r = mine.begin; r < mine.end; ++r) {
    for (Index c = 0; c < 9; ++c) factors.row(r - mine.begin)[c] = static_cast<float>(r * 9 + c) / 8;
    texts.push_back(fmt::format("row number {:>20} ü", r));
  }
  file.write_matrix("/matrix", rows, mine, factors.view());
  file.write_strings("/texts", rows, mine, std::span<const std::string>(texts));
  const auto fill = [](RowRange piece, auto* out) {
    using Value = std::remove_pointer_t<decltype(out)>;
    for (Index r = piece.begin; r < piece.end; ++r) *out++ = static_cast<Value>(3 * r + 1);
  };
  file.write_filled_rows<std::int32_t>("/int32", rows * 8, sample_range(comm, rows * 8), fill);
  file.write_filled_rows<std::int64_t>("/int64", rows * 4, sample_range(comm, rows * 4), fill);
  file.write_filled_rows<double>("/float64", rows * 4, sample_range(comm, rows * 4), fill);
  file.commit();
  return path;
}

/// Rows in pieces of any sizes, each read as types and shapes that readers ask for.
std::string pieces_of(const Hdf5Reader& file, RowRange rows, Index piece) {
  std::string content;
  for (Index begin = rows.begin; begin < rows.end; begin += piece) {
    const RowRange some{begin, std::min(begin + piece, rows.end)};
    Matrix wide(some.size(), 12);
    MatrixView columns{wide.row(0) + 2, some.size(), 9, wide.stride()};
    file.read_matrix("/matrix", some, columns);
    add(content, wide);
    std::vector<double> numbers(static_cast<std::size_t>(some.size() * 9));
    file.read_numbers("/matrix", some, 9, numbers);
    add(content, numbers);
    for (const std::string& text : file.read_strings("/texts", some)) content += text;
    add(content, file.read_rows<std::int64_t>("/int32", {some.begin * 8, some.end * 8}));
    add(content, file.read_rows<std::int32_t>("/int64", {some.begin * 4, some.end * 4}));
    add(content, file.read_rows<float>("/float64", {some.begin * 4, some.end * 4}));
  }
  return content;
}

TEST_F(CheckedReadingTest, RowsAreTheSameWithAndWithoutDigests) {
  for (const int deflate_level : {0, 1}) {
    const std::string path = typed_file(comm_, folder_, deflate_level);
    const Hdf5Reader plain = open_checked(path, InputCheck::none);
    EXPECT_FALSE(plain.compares());
    const RowRange rows = mine(60'000);
    // A packed chunk is unpacked anew for each piece of it.
    const std::vector<Index> pieces =
        deflate_level > 0 ? std::vector<Index>{29'128} : std::vector<Index>{60'000, 7'001};
    for (const Index piece : pieces) {
      const Hdf5Reader checked = open_checked(path, InputCheck::digests);
      EXPECT_TRUE(checked.compares());
      EXPECT_TRUE(pieces_of(checked, rows, piece) == pieces_of(plain, rows, piece)) << piece;
    }
    // Backwards and twice.
    const Hdf5Reader checked = open_checked(path, InputCheck::digests);
    for (const RowRange some : {RowRange{50'000, 50'001}, RowRange{10, 60'000}, RowRange{0, 11}, RowRange{10, 50}}) {
      EXPECT_TRUE(pieces_of(checked, some, 60'000) == pieces_of(plain, some, 60'000)) << some.begin;
    }
    comm_.barrier();
  }
}

TEST_F(CheckedReadingTest, ARowIsReadOnlyOfAnIntactChunk) {
  const std::string path = long_file(comm_, folder_);  // four chunks of 131'072 rows
  flip(path, place_of(path, "/group/rows") + 262'143 * 8);
  const auto error_at = [&](RowRange rows) {
    const Hdf5Reader file = open_checked(path, InputCheck::digests);
    return error_of([&] { static_cast<void>(file.read_rows<std::int64_t>("/group/rows", rows)); });
  };
  const std::string damage = "65: " + path + ": /group/rows: rows [131072, 262144) are damaged: expected digest ";
  EXPECT_EQ(error_at({0, 131'072}), "");
  EXPECT_EQ(error_at({262'144, 400'000}), "");
  for (const RowRange rows : {RowRange{0, 131'073}, RowRange{131'072, 131'073}, RowRange{262'143, 300'000}}) {
    EXPECT_TRUE(error_at(rows).starts_with(damage)) << rows.begin << ": " << error_at(rows);
  }
  const Hdf5Reader file = open_checked(path, InputCheck::none);
  EXPECT_EQ(file.read_rows<std::int64_t>("/group/rows", {131'072, 131'073}).front(), Index{131'072} * 131'072);
}

TEST_F(CheckedReadingTest, TextsOfAttributesAreCompared) {
  const std::string path = sample_of_each_kind(comm_, folder_).at(1);
  const std::string whole = file_content(path);
  const std::size_t place = whole.find(sample_provenance().configuration);
  ASSERT_NE(place, std::string::npos);
  flip(path, static_cast<std::int64_t>(place));
  const std::string error = error_of([&] { const ModelReader file(comm_, path); });
  EXPECT_TRUE(error.starts_with("65: " + path + ": attributes, shapes or /digests are damaged: expected digest "))
      << error;
  EXPECT_TRUE(error.ends_with(" (if another program changed the file, --verify-inputs no reads it)")) << error;
  EXPECT_EQ(error_of([&] { const ModelReader file(comm_, path, InputCheck::none); }), "");
}

TEST_F(CheckedReadingTest, FilesWithoutDigestsAreReadAsTheyAre) {
  const std::string path = sample_of_each_kind(comm_, folder_).at(1);
  const auto change = [&](auto&& edit) {
    comm_.barrier();
    if (comm_.is_root()) edit(OpenFile(path));
    comm_.barrier();
  };
  EXPECT_TRUE(ModelReader(comm_, path).compares());
  const std::string expected = read_model(comm_, path, InputCheck::digests);
  change([](const OpenFile& file) { file.remove(digests_group); });
  EXPECT_EQ(
      error_of([&] { const ModelReader file(comm_, path); }),
      "65: " + path +
          ": holds only a part of its digests: expected /digests and attribute metadata-digest (if another program "
          "changed the file, --verify-inputs no reads it)");
  change([](const OpenFile& file) { file.remove_attribute("/", metadata_digest_attribute); });
  EXPECT_FALSE(ModelReader(comm_, path).compares());
  EXPECT_EQ(read_model(comm_, path, InputCheck::digests), expected);
  const PointSet set = read_points(comm_, {.path = path});
  EXPECT_EQ(set.warnings, std::vector<std::string>{path + ": " + no_digests_text});
  EXPECT_TRUE(read_points(comm_, {.path = path, .check = InputCheck::none}).warnings.empty());
}

}  // namespace
}  // namespace rankwise
