#pragma once
// Profiles as a regression takes them.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "distributed/rows/id_rows.hpp"
#include "distributed/tables/table.hpp"
#include "io/profile/profile_file.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// This rank's customers of a profile, by count.
struct ProfileRows {
  IdRows ids;
  Table table;
  /// 1: has bought until the day of the analysis, as far as the profile says. The others are in a profile only because
  /// the dataset knows what they bought later: they would say that nobody without a past stays away.
  std::vector<std::uint8_t> are_customers;
  Index customers = 0;                ///< over all ranks
  std::optional<Table> recency = {};  ///< the column recency_days alone, if the profile has it, chosen or not
  std::string analysis_day;
  Provenance provenance;
};

/// The columns that `columns` names, with a star for any rest; all if it is empty. Collective over context.comm; throws
/// AgreedError (no_input; bad_data: no customers, or no such column).
[[nodiscard]] ProfileRows read_profile_rows(const JobContext& context, const std::string& path,
                                            const std::string& columns);

}  // namespace rankwise
