#pragma once
// What each number of clusters gave, and which one to take.

#include <string>
#include <vector>

#include "distributed/cluster_quality.hpp"
#include "jobs/report.hpp"
#include "kernels/types.hpp"

namespace rankwise {

struct ClusterTableRow {
  Index clusters = 0;
  double inertia = 0;
  ClusterQuality quality;
  double stability = 0;  ///< NaN where it was not found
  Index iterations = 0;
  Index smallest = 0;  ///< rows of the smallest cluster
  Index largest = 0;
};

class ClusterTable {
 public:
  /// Also an event of the report.
  void add(const ClusterTableRow& row, Report& report);

  [[nodiscard]] std::size_t size() const { return rows_.size(); }
  /// Place of the recommended row: of the rows with a stability of at least 0.8 the one with the highest silhouette;
  /// where none has, the one with the highest stability, or, without any, with the highest silhouette. The first of
  /// equals.
  [[nodiscard]] std::size_t recommended() const;
  /// Why that one.
  [[nodiscard]] std::string reason() const;

  /// The recommended row as JSON (docs/FORMATS.md); what is not defined is null.
  [[nodiscard]] std::string recommended_json() const;

  /// The table, on standard output; throws Error(io_error). For the root.
  void print() const;

 private:
  std::vector<ClusterTableRow> rows_;
};

}  // namespace rankwise
