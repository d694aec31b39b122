#include "distributed/rows/select_rows.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace rankwise {
namespace {

TEST(SelectRows, RenumberedColumnsAscendAndUnwantedOnesAreLeftOut) {
  const SparseRows rows{.rows = {5, 8},
                        .total_rows = 9,
                        .column_count = 4,
                        .offsets = {0, 3, 3, 5},
                        .columns = {0, 1, 3, 2, 3},
                        .values = {1, 2, 3, 4, 5}};
  const SparseRows renumbered = renumber_columns(rows, std::vector<Index>{6, -1, 2, 0}, 7);
  EXPECT_EQ(renumbered.rows, rows.rows);
  EXPECT_EQ(renumbered.total_rows, 9);
  EXPECT_EQ(renumbered.column_count, 7);
  EXPECT_EQ(renumbered.offsets, (std::vector<Index>{0, 2, 2, 4}));
  EXPECT_EQ(renumbered.columns, (std::vector<Index>{0, 6, 0, 2}));
  EXPECT_EQ(renumbered.values, (std::vector<float>{3, 1, 5, 4}));
}

}  // namespace
}  // namespace rankwise
