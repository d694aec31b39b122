// Orders of a dataset: what was written comes back on any rank, and what contradicts itself is refused.

#include <algorithm>
#include <gtest/gtest.h>

#include "distributed/log/content_digest.hpp"
#include "io/dataset/dataset.hpp"
#include "io/dataset/dataset_writer.hpp"
#include "io/dataset/whole_dataset.hpp"
#include "io/verify/verify_structure.hpp"
#include "tests/io/damage.hpp"
#include "tests/io/dataset/changed_dataset_case.hpp"
#include "tests/io/sample_files.hpp"

namespace rankwise {
namespace {

constexpr SampleSize size{.users = 23, .items = 14, .heldout_users = 6};
constexpr Index all_users = size.users + size.heldout_users;

void expect_equal(const Orders& found, const Orders& expected) {
  EXPECT_EQ(found.users.begin, expected.users.begin);
  EXPECT_EQ(found.users.end, expected.users.end);
  EXPECT_EQ(found.total_users, expected.total_users);
  EXPECT_EQ(found.offsets, expected.offsets);
  EXPECT_EQ(found.times_seconds, expected.times_seconds);
  EXPECT_EQ(found.amounts, expected.amounts);
  EXPECT_EQ(found.parts, expected.parts);
  EXPECT_EQ(found.lines.rows.begin, expected.lines.rows.begin);
  EXPECT_EQ(found.lines.rows.end, expected.lines.rows.end);
  EXPECT_EQ(found.lines.total_rows, expected.lines.total_rows);
  EXPECT_EQ(found.lines.offsets, expected.lines.offsets);
  EXPECT_EQ(found.lines.columns, expected.lines.columns);
  EXPECT_EQ(found.lines.values, expected.lines.values);
}

class DatasetOrdersTest : public ChangedDatasetCase {
 protected:
  DatasetOrdersTest()
      : ChangedDatasetCase([](const std::string& path) {
          write_dataset(Communicator::world(), path, ordered_dataset(Communicator::world(), size, SampleIds::strings),
                        sample_provenance());
        }) {}
};

TEST_F(DatasetOrdersTest, ComeBackOnAnyRank) {
  for (const TrainedOn view : {TrainedOn::training, TrainedOn::all}) {
    const DatasetReader file(comm_, path_, std::nullopt, view);
    ASSERT_TRUE(file.has_orders());
    EXPECT_EQ(file.order_count(), sample_orders({0, all_users}, all_users, size.items).lines.total_rows);
    const Index rank = comm_.rank();
    for (const RowRange users : {sample_range(comm_, all_users), RowRange{0, all_users}, RowRange{3 + rank, 9 + rank},
                                 RowRange{4, 4}, RowRange{all_users, all_users}}) {
      expect_equal(file.orders(users), sample_orders(users, all_users, size.items));
    }
  }
  EXPECT_EQ(error_of([&] { verify_structure(comm_, path_, "dataset"); }), "");
}

TEST_F(DatasetOrdersTest, AreWrittenAgainAsTheyAre) {
  const DatasetReader file(comm_, path_);
  const Dataset whole = read_whole_dataset(comm_, file);
  EXPECT_EQ(content_digest(comm_, whole), file.provenance().dataset_digest);
  write_dataset(comm_, folder_.file("again.h5"), whole, sample_provenance());
  comm_.barrier();
  EXPECT_EQ(file_content(folder_.file("again.h5")), content_);
}

TEST_F(DatasetOrdersTest, DatasetsWithoutOrdersHaveNone) {
  const std::string plain = folder_.file("plain.h5");
  write_dataset(comm_, plain, sample_dataset(comm_, size, SampleIds::integers), sample_provenance());
  comm_.barrier();
  const DatasetReader file(comm_, plain);
  EXPECT_FALSE(file.has_orders());
  EXPECT_EQ(file.order_count(), 0);
  EXPECT_EQ(error_of([&] {
              static_cast<void>(file.orders({0, 3}));
            }),
            "65: " + plain + ": has no orders; run prepare with --columns ...,order=NAME or --orders day");
}

TEST_F(DatasetOrdersTest, ContradictionsAreNamed) {
  const auto int64 = H5T_STD_I64LE;
  const auto replaced = [&](const char* name, std::vector<hsize_t> extents) {
    return error_after([&](const OpenFile& file) { file.replace(name, int64, extents); });
  };
  EXPECT_EQ(replaced("/orders/user_indptr", {4}),
            "/orders/user_indptr: holds 4 numbers, expected 30 for the users and an end");
  EXPECT_EQ(replaced("/orders/time", {4}), "/orders/time: holds 4 numbers, expected 42 for the orders");
  EXPECT_EQ(replaced("/orders/user_indptr", {30}),
            "/orders/user_indptr: does not go from 0 to the 42 orders that there are");
  EXPECT_EQ(error_after([](const OpenFile& file) { file.overwrite<std::int64_t>("/orders/user_indptr", 5, 40); }),
            "/orders/user_indptr: falls after row 5");
  EXPECT_EQ(error_after([](const OpenFile& file) { file.overwrite<std::int64_t>("/orders/time", 2, 5); }),
            "/orders/time: the orders of user 2 do not ascend");
  EXPECT_EQ(error_after([](const OpenFile& file) { file.overwrite<double>("/orders/amount", 0, 7); }).substr(0, 45),
            "/orders/amount: order 0 has 7, but its lines ");
  EXPECT_EQ(error_after([](const OpenFile& file) { file.overwrite<std::int32_t>("/orders/part", 2, 5); }),
            "/orders/part: line 2 is of part 5, expected a number from 0 to 4");
  EXPECT_EQ(
      error_after([](const OpenFile& file) { file.overwrite<std::int32_t>("/orders/indices", 2, 14); }).substr(0, 9),
      "/orders: ");
  EXPECT_EQ(error_after([](const OpenFile& file) { file.remove("/orders/part"); }).substr(0, 12), "/orders/part");
  // What only the digest sees.
  for (const auto& change : {+[](const OpenFile& file) { file.overwrite<std::int32_t>("/orders/part", 2, 0); },
                             +[](const OpenFile& file) { file.overwrite<std::int64_t>("/orders/time", 0, 5); },
                             +[](const OpenFile& file) { file.remove("/orders"); }}) {
    EXPECT_TRUE(error_after(change).starts_with("attribute dataset-digest is "));
  }
}

}  // namespace
}  // namespace rankwise
