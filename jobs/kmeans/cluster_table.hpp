#pragma once
// What each number of clusters gave, and which one to take.

#include <string>
#include <vector>

#include "distributed/kmeans/cluster_quality.hpp"
#include "jobs/run/report.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Rows that were clustered, and rows that belong to no cluster.
struct ClusteredCounts {
  Index rows = 0;
  Index in_no_cluster = 0;
};

/// An index with four decimals; a dash where it is not defined.
[[nodiscard]] std::string index_text(double value);

/// An event of the report; what is not defined has no field.
void tell_row(const ClusterTableRow& row, Report& report);

/// Place of the recommended row: of the rows with a stability of at least 0.8 the one with the highest silhouette;
/// where none has, the one with the highest stability, or, without any, with the highest silhouette. The first of
/// equals.
[[nodiscard]] std::size_t recommended_row(const std::vector<ClusterTableRow>& rows);

/// The recommended row as JSON (docs/FORMATS.md); what is not defined is null.
[[nodiscard]] std::string recommended_json(const std::vector<ClusterTableRow>& rows, const ClusteredCounts& counts);

/// The table, why an index is not defined where one is not, and the recommended row and why that one where there are
/// several, on standard output; `no_stability` says why a stability was not found. Throws Error(io_error). For the
/// root.
void print_table(const std::vector<ClusterTableRow>& rows, const std::string& no_stability);

}  // namespace rankwise
