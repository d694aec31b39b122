#pragma once
// What each number of clusters gave, and which one to take.

#include <string>
#include <vector>

#include "distributed/cluster_quality.hpp"
#include "jobs/report.hpp"
#include "kernels/types.hpp"

namespace rankwise {

/// An event of the report.
void tell_row(const ClusterTableRow& row, Report& report);

/// Place of the recommended row: of the rows with a stability of at least 0.8 the one with the highest silhouette;
/// where none has, the one with the highest stability, or, without any, with the highest silhouette. The first of
/// equals.
[[nodiscard]] std::size_t recommended_row(const std::vector<ClusterTableRow>& rows);

/// The recommended row as JSON (docs/FORMATS.md); what is not defined is null.
[[nodiscard]] std::string recommended_json(const std::vector<ClusterTableRow>& rows);

/// The table, with the recommended row and why that one where there are several, on standard output; throws
/// Error(io_error). For the root.
void print_table(const std::vector<ClusterTableRow>& rows);

}  // namespace rankwise
