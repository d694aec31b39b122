#pragma once
// The list of customers with their segments, for other programs.

#include <string>
#include <vector>

#include "jobs/run/job.hpp"
#include "jobs/segments/measures/anonymous_rows.hpp"
#include "jobs/segments/measures/groups.hpp"
#include "jobs/segments/measures/quarter.hpp"

namespace rankwise {

/// Which columns the list has: those of these names. Throws AgreedError(bad_data) if one is not there, or not of
/// categories. Collective.
[[nodiscard]] std::vector<TableColumn> listed_columns(const Quarter& quarter, const std::vector<std::string>& names,
                                                      const std::string& path);

/// Writes `id,segment` and the columns, a line per customer in the order of the dataset. Values that `rows` withholds,
/// since fewer than `least` customers share them, are empty, which is a warning. Collective over context.comm; throws
/// AgreedError (cannot_create, io_error).
void write_customers(JobContext& context, const std::string& path, const Quarter& quarter, const Groups& groups,
                     const std::vector<TableColumn>& columns, const AnonymousRows& rows, Index least);

}  // namespace rankwise
