#include "kernels/base/csr_block.hpp"

#include <cmath>
#include <gtest/gtest.h>

#include "kernels/base/error.hpp"

namespace rankwise {
namespace {

TEST(CsrBlock, HoldsEmptyAndOrdinaryRows) {
  const CsrBlock empty;
  EXPECT_EQ(empty.rows(), 0);
  EXPECT_EQ(empty.entries(), 0);
  const CsrBlock block({0, 2, 2, 3}, {1, 4, 0}, {1.5F, 2.5F, -3.0F}, 5);
  EXPECT_EQ(block.rows(), 3);
  EXPECT_EQ(block.row_size(1), 0);
  EXPECT_EQ(block.row(0).columns[1], 4);
  EXPECT_EQ(block.row(2).values[0], -3.0F);
}

void expect_refused(std::vector<Index> offsets, std::vector<LocalIndex> columns, std::vector<float> values,
                    Index columns_in, const std::string& words) {
  try {
    const CsrBlock block(std::move(offsets), std::move(columns), std::move(values), columns_in);
    FAIL() << "accepted; expected: " << words;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::bad_data);
    EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
  }
}

TEST(CsrBlock, RefusesWhatAKernelCouldNotSurvive) {
  expect_refused({}, {}, {}, 5, "begin at 0");
  expect_refused({1, 1}, {0}, {1}, 5, "begin at 0");
  expect_refused({0, 2}, {0}, {1}, 5, "as many columns");
  expect_refused({0, 1}, {0}, {1, 2}, 5, "as many columns");
  expect_refused({0, 2, 1, 2}, {0, 1}, {1, 2}, 5, "row 1: expected offsets that never fall");
  expect_refused({0, 5, 2}, {0, 1}, {1, 2}, 5, "row 1: expected offsets that never fall");
  expect_refused({0, 0, 2}, {1, 1}, {1, 2}, 5, "row 1: expected columns that ascend");
  expect_refused({0, 1}, {-1}, {1}, 5, "ascend strictly from 0");
  expect_refused({0, 1}, {5}, {1}, 5, "below the column count");
  expect_refused({0, 1}, {0}, {NAN}, 5, "finite");
}

}  // namespace
}  // namespace rankwise
