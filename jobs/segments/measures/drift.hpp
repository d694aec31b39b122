#pragma once
// How the columns of customers have shifted since last quarter.

#include <optional>
#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/tables/table.hpp"
#include "kernels/base/types.hpp"
#include "kernels/statistics/distribution_shift.hpp"

namespace rankwise {

struct ColumnDrift {
  std::string name;
  ColumnType type = ColumnType::number;  ///< of numbers: Kolmogorov and Smirnov; of categories: chi-square
  double stability_index = 0;
  TwoSampleTest test;
  double p_adjusted = 1;  ///< over all columns
  std::optional<double> median_before;
  std::optional<double> median_now;
};

/// Of columns that both quarters have, of one name and type, with at least `least` known values in each. Bins of fewer
/// than `least` customers on a side are one bin together, with the next larger ones until it is large enough; a column
/// of which only that is left is left out. Figures have three significant digits, so that they give no count back.
/// `segment_column` is left out, as its small categories are. Collective over comm.
struct Drift {
  std::vector<ColumnDrift> columns;
  std::vector<std::string> too_small;  ///< columns of which only one bin is large enough
};
[[nodiscard]] Drift measure_drift(const Communicator& comm, const std::vector<TableColumn>& before,
                                  const std::vector<TableColumn>& now, const std::string& segment_column, Index least);

}  // namespace rankwise
