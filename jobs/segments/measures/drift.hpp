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

/// Of columns that both quarters have, of one name and type, with at least `least` known values in each. `skipped`: how
/// many of `now` have no such partner. Collective over comm.
struct Drift {
  std::vector<ColumnDrift> columns;
  Index skipped = 0;
};
[[nodiscard]] Drift measure_drift(const Communicator& comm, const std::vector<TableColumn>& before,
                                  const std::vector<TableColumn>& now, Index least);

}  // namespace rankwise
