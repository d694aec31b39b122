#pragma once
// Points of all ranks on every rank, for tests of what reads them.

#include <algorithm>
#include <gtest/gtest.h>
#include <string>
#include <string_view>
#include <vector>

#include "distributed/comm/key_exchange.hpp"
#include "distributed/rows/partition.hpp"
#include "io/points/points_file.hpp"

namespace rankwise {

/// Whole and dense, ids as text.
struct WholePoints {
  std::vector<std::vector<float>> rows;  ///< one per id; empty where that is no point
  std::vector<std::string> ids;
  std::vector<float> weights;
};

inline std::vector<float> dense_row(const Points& points, Index local_row) {
  if (const auto* const dense = std::get_if<Matrix>(&points.rows)) {
    const auto row = dense->view().row_span(local_row);
    return {row.begin(), row.end()};
  }
  const CsrRow sparse = std::get<CsrBlock>(points.rows).row(local_row);
  std::vector<float> row(static_cast<std::size_t>(points.dimensions));
  for (std::size_t e = 0; e < sparse.columns.size(); ++e) {
    row[static_cast<std::size_t>(sparse.columns[e])] = sparse.values[e];
  }
  return row;
}

/// Checks on the way that shares of ids are what Partition::by_count says. Collective over comm.
inline WholePoints gathered(const Communicator& comm, const PointSet& set) {
  const Points& points = set.points;
  const RowRange mine = Partition::by_count(set.ids.total_rows, comm.size()).range(comm.rank());
  EXPECT_EQ(set.ids.rows, mine);
  EXPECT_EQ(id_count(set.ids.ids), mine.size());
  EXPECT_EQ(std::visit([](const auto& rows) { return rows.rows(); }, points.rows), points.mine.size());
  EXPECT_EQ(points.count, comm.sum(points.mine.size()));
  std::vector<std::int32_t> is_point(static_cast<std::size_t>(mine.size()), set.places ? 0 : 1);
  if (set.places) {
    EXPECT_EQ(std::ssize(*set.places), points.mine.size());
    for (const Index place : *set.places) is_point[static_cast<std::size_t>(place)] = 1;
  } else {
    EXPECT_EQ(points.mine, mine);
  }

  std::vector<float> values;
  std::vector<std::string> ids;
  for (Index r = 0; r < points.mine.size(); ++r) {
    const std::vector<float> row = dense_row(points, r);
    values.insert(values.end(), row.begin(), row.end());
  }
  for (Index r = 0; r < mine.size(); ++r) ids.push_back(id_text(set.ids.ids, r));
  values = comm.all_gather_varied(std::span<const float>(values)).values;
  WholePoints whole;
  auto next = values.begin();
  for (const std::int32_t has_row : comm.all_gather_varied(std::span<const std::int32_t>(is_point)).values) {
    const auto end = has_row == 1 ? next + points.dimensions : next;
    whole.rows.emplace_back(next, end);
    next = end;
  }
  const std::vector<std::string_view> views(ids.begin(), ids.end());
  const auto all_ids = gather_keys(comm, std::span<const std::string_view>(views));
  whole.ids.assign(all_ids.keys.begin(), all_ids.keys.end());
  whole.weights = comm.all_gather_varied(std::span<const float>(points.weights)).values;
  return whole;
}

}  // namespace rankwise
