// Tables of a dataset: what was written comes back on any rank, and what contradicts itself is refused.

#include "io/dataset/dataset_tables.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <limits>

#include "io/verify/verify_structure.hpp"
#include "tests/io/damage.hpp"
#include "tests/io/dataset/changed_dataset_case.hpp"
#include "tests/io/tables/sample_tables.hpp"

namespace rankwise {
namespace {

constexpr SampleSize size{.users = 23, .items = 14, .heldout_users = 6};

/// As sample_table() makes them.
void expect_rows(const std::optional<Table>& table, RowRange rows) {
  ASSERT_TRUE(table);
  EXPECT_EQ(table->rows.begin, rows.begin);
  EXPECT_EQ(table->rows.end, rows.end);
  const Table expected = sample_table({rows, 0, {}});
  ASSERT_EQ(table->columns.size(), expected.columns.size());
  for (const TableColumn& column : expected.columns) {
    const TableColumn* const found = table->find(column.name);
    ASSERT_NE(found, nullptr) << column.name;
    EXPECT_EQ(found->type(), column.type());
    EXPECT_EQ(missing_count(found->values), missing_count(column.values));
    for (Index i = 0; i < rows.size(); ++i) EXPECT_EQ(value_text(found->values, i), value_text(column.values, i)) << i;
  }
}

class DatasetTablesTest : public ChangedDatasetCase {
 protected:
  DatasetTablesTest()
      : ChangedDatasetCase([](const std::string& path) {
          write_dataset_with_tables(Communicator::world(), path,
                                    sample_dataset(Communicator::world(), size, SampleIds::strings));
        }) {}
};

TEST_F(DatasetTablesTest, RowsComeBackOnAnyRank) {
  const RowRange items = sample_range(comm_, size.items);
  expect_rows(read_item_table(comm_, path_, items), items);
  const RowRange users = sample_range(comm_, size.users + size.heldout_users);  // over the border to those held out
  expect_rows(read_user_table(comm_, path_, users), users);
  const Index rank = comm_.rank();
  expect_rows(read_user_table(comm_, path_, {20 + rank, 25 + rank}), {20 + rank, 25 + rank});
  expect_rows(read_user_table(comm_, path_, {24, 24}), {24, 24});
  EXPECT_EQ(read_user_table(comm_, path_, {0, 1})->total_rows, 29);
  EXPECT_EQ(error_of([&] { verify_structure(comm_, path_, "dataset"); }), "");
}

TEST_F(DatasetTablesTest, DatasetsWithoutTablesHaveNone) {
  const std::string plain = folder_.file("plain.h5");
  write_dataset(comm_, plain, sample_dataset(comm_, size, SampleIds::integers), sample_provenance());
  EXPECT_FALSE(read_item_table(comm_, plain, {0, 3}));
  EXPECT_FALSE(read_user_table(comm_, plain, {0, 3}));
  EXPECT_TRUE(error_of([&] {
                static_cast<void>(read_item_table(comm_, folder_.file("none.h5"), {0, 3}));
              }).starts_with("66: "));
}

TEST_F(DatasetTablesTest, ForgedDigestsAndIdsAreRefused) {
  const std::string forged =
      error_after([](const OpenFile& file) { file.set_attribute<std::int64_t>("/items/table", "table-digest", {5}); });
  EXPECT_TRUE(forged.starts_with("attribute table-digest of /items/table is 0000000000000005, but the table has "))
      << forged;
  for (const char* const table : {"/items/table", "/users/table", "/heldout/users/table"}) {
    const auto group = [&](const char* name) { return std::string(table) + name; };
    const std::string start = "attribute table-digest of " + std::string(table) + " is ";
    EXPECT_TRUE(
        error_after([&](const OpenFile& file) { file.overwrite<double>(group("/price"), 5, 1e9); }).starts_with(start));
    EXPECT_TRUE(error_after([&](const OpenFile& file) {
                  file.overwrite<std::int32_t>(group("/brand/codes"), 4, 2);
                }).starts_with(start));
  }
}

TEST_F(DatasetTablesTest, RowsAreThoseOfTheIds) {
  const std::string path = folder_.file("integers.h5");
  write_dataset_with_tables(comm_, path, sample_dataset(comm_, {.users = 5, .items = 14}, SampleIds::integers));
  comm_.barrier();
  if (comm_.is_root()) OpenFile(path).overwrite<std::int64_t>("/items/ids", 9, 5000);
  comm_.barrier();
  EXPECT_EQ(error_of([&] { verify_structure(comm_, path, "dataset"); }),
            "65: " + path + ": /items/table/_index: row 9 is '1027', expected the id '5000'");
}

TEST_F(DatasetTablesTest, TablesThatContradictThemselvesAreRefused) {
  EXPECT_EQ(error_after([](const OpenFile& file) { file.overwrite<std::int32_t>("/users/table/brand/codes", 8, 3); }),
            "/users/table/brand/codes: row 8 holds 3, expected -1 to 2");
  EXPECT_EQ(error_after([](const OpenFile& file) {
              file.overwrite<double>("/items/table/price", 2, std::numeric_limits<double>::infinity());
            }),
            "/items/table/price: row 2 is infinite, expected a finite number, or NaN if it is missing");
  EXPECT_EQ(error_after([](const OpenFile& file) { file.replace("/items/table/price", H5T_NATIVE_DOUBLE, {3}); }),
            "/items/table/price: has 3 rows, expected 14 from the ids");
  EXPECT_EQ(error_after([](const OpenFile& file) { file.set_text("/items/table", "encoding-type", "csr_matrix"); }),
            "/items/table: is no dataframe");
  EXPECT_EQ(error_after([](const OpenFile& file) { file.set_text("/items/table", "column-order", "a/b"); }),
            "/items/table: 'a/b' is no name of a column");
  EXPECT_EQ(error_after([](const OpenFile& file) { file.set_text("/heldout/users/table", "column-order", "price"); }),
            "/heldout/users/table: its columns, types or categories are not those of /users/table");
  EXPECT_TRUE(error_after([](const OpenFile& file) {
                file.remove_attribute("/items/table", "table-digest");
              }).find("table-digest") != std::string::npos);
}

}  // namespace
}  // namespace rankwise
