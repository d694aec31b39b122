#include <gtest/gtest.h>
#include <map>
#include <random>

#include "distributed/log/select_part.hpp"
#include "distributed/rows/redistribute.hpp"

namespace rankwise {
namespace {

using Dense = std::map<std::pair<Index, Index>, float>;

class SparseRowsTest : public testing::Test {
 protected:
  /// This rank's rows of a whole matrix under uneven contiguous ranges.
  SparseRows part_of(const Dense& whole, Index rows, Index columns) const {
    SparseRows part;
    const auto boundary = [&](Index p) { return rows * p * p / (Index{comm_.size()} * comm_.size()); };
    part.rows = {boundary(comm_.rank()), boundary(comm_.rank() + 1)};
    part.total_rows = rows;
    part.column_count = columns;
    for (Index row = part.rows.begin; row < part.rows.end; ++row) {
      for (auto entry = whole.lower_bound({row, 0}); entry != whole.end() && entry->first.first == row; ++entry) {
        part.columns.push_back(entry->first.second);
        part.values.push_back(entry->second);
      }
      part.offsets.push_back(std::ssize(part.columns));
    }
    return part;
  }

  void expect_holds(const SparseRows& part, const Dense& whole, const Partition& partition, Index columns) const {
    EXPECT_EQ(part.rows, partition.range(comm_.rank()));
    EXPECT_EQ(part.total_rows, partition.rows());
    EXPECT_EQ(part.column_count, columns);
    ASSERT_EQ(std::ssize(part.offsets), part.rows.size() + 1);
    Dense mine;
    for (const auto& [place, value] : whole) {
      if (part.rows.contains(place.first)) mine[place] = value;
    }
    Dense held;
    for (Index r = 0; r < part.rows.size(); ++r) {
      const auto row = static_cast<std::size_t>(r);
      for (auto e = static_cast<std::size_t>(part.offsets[row]); e < static_cast<std::size_t>(part.offsets[row + 1]);
           ++e) {
        held[{part.rows.begin + r, part.columns[e]}] = part.values[e];
        EXPECT_TRUE(e == static_cast<std::size_t>(part.offsets[row]) || part.columns[e - 1] < part.columns[e]);
      }
    }
    EXPECT_EQ(held, mine);
    EXPECT_EQ(part.entries(), std::ssize(mine));
  }

  static Dense random_matrix(Index rows, Index columns, int draws) {
    std::mt19937_64 random(5);
    Dense whole;
    for (int i = 0; i < draws; ++i) {
      const auto row = static_cast<Index>(random() % static_cast<std::uint64_t>(rows));
      const auto column = static_cast<Index>(random() % static_cast<std::uint64_t>(columns)) / (1 + i % 3);
      whole[{row, column}] = static_cast<float>(i);
    }
    return whole;
  }

  Communicator comm_ = Communicator::world();
};

TEST_F(SparseRowsTest, TransposeAndRedistribute) {
  for (const auto& [rows, columns, draws] : std::vector<std::tuple<Index, Index, int>>{
           {1, 1, 1}, {1, 700, 300}, {700, 1, 300}, {64, 64, 500}, {997, 331, 5000}, {3, 5, 0}}) {
    const Dense whole = random_matrix(rows, columns, draws);
    const SparseRows part = part_of(whole, rows, columns);
    const Partition by_row = Partition::by_count(rows, comm_.size());
    expect_holds(redistribute(comm_, part, by_row), whole, by_row, columns);
    Dense turned;
    for (const auto& [place, value] : whole) turned[{place.second, place.first}] = value;
    const Partition by_column = Partition::by_count(columns, comm_.size());
    const SparseRows transposed = transpose(comm_, part, by_column);
    expect_holds(transposed, turned, by_column, rows);
    expect_holds(transpose(comm_, transposed, by_row), whole, by_row, columns);
  }
}

TEST_F(SparseRowsTest, MarksMoveWithTheirEntries) {
  const Dense whole = random_matrix(97, 31, 900);
  SparseRows part = part_of(whole, 97, 31);
  part.times_seconds.emplace();
  part.folds.emplace();
  for (const float value : part.values) {
    part.times_seconds->push_back(static_cast<std::int64_t>(value) * 1'000'000'007);
    part.folds->push_back(static_cast<std::int32_t>(value) % 7);
  }
  const SparseRows moved = redistribute(comm_, part, Partition::by_count(97, comm_.size()));
  for (const SparseRows& rows : {moved, transpose(comm_, part, Partition::by_count(31, comm_.size()))}) {
    ASSERT_TRUE(rows.times_seconds && rows.folds);
    ASSERT_EQ(rows.times_seconds->size(), rows.values.size());
    for (std::size_t e = 0; e < rows.values.size(); ++e) {
      EXPECT_EQ((*rows.times_seconds)[e], static_cast<std::int64_t>(rows.values[e]) * 1'000'000'007);
      EXPECT_EQ((*rows.folds)[e], static_cast<std::int32_t>(rows.values[e]) % 7);
    }
  }
}

TEST_F(SparseRowsTest, IdsMoveWithTheirRows) {
  constexpr Index rows = 501;
  const auto boundary = [&](Index p) { return rows * p * p / (Index{comm_.size()} * comm_.size()); };
  IdRows texts;
  texts.rows = {boundary(comm_.rank()), boundary(comm_.rank() + 1)};
  texts.total_rows = rows;
  IdRows integers = texts;
  std::vector<std::string> mine;
  std::vector<std::int64_t> numbers;
  std::vector<Index> odd;
  for (Index row = texts.rows.begin; row < texts.rows.end; ++row) {
    mine.push_back(std::string(static_cast<std::size_t>(row % 5), 'i') + std::to_string(row));
    numbers.push_back(row * row);
    if (row % 2 == 1) odd.push_back(row - texts.rows.begin);
  }
  texts.ids = mine;
  integers.ids = numbers;

  const Partition partition = Partition::by_count(rows, comm_.size());
  const IdRows moved = redistribute(comm_, texts, partition);
  EXPECT_EQ(moved.rows, partition.range(comm_.rank()));
  for (Index i = 0; i < moved.rows.size(); ++i) {
    const Index row = moved.rows.begin + i;
    EXPECT_EQ(id_text(moved.ids, i), std::string(static_cast<std::size_t>(row % 5), 'i') + std::to_string(row));
  }
  const IdRows selected = select_ids(comm_, integers, odd);
  EXPECT_EQ(selected.total_rows, rows / 2);
  for (Index i = 0; i < selected.rows.size(); ++i) {
    const Index row = 2 * (selected.rows.begin + i) + 1;
    EXPECT_EQ(id_text(selected.ids, i), std::to_string(row * row));
  }
}

}  // namespace
}  // namespace rankwise
