#pragma once
// What recommend lists for the customers of a segment.

#include <string>
#include <vector>

#include "jobs/run/job.hpp"
#include "jobs/segments/measures/groups.hpp"
#include "jobs/segments/measures/quarter.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

struct RecommendedItem {
  std::string id;
  Index customers = 0;  ///< of the group, who have it in their lists
};

/// Of each group the `most` items that most of its customers have in their lists (ties to the lower item), of at least
/// `least` customers who have them, and none or as many who have not. `path`: an HDF5 file of recommend. Collective
/// over context.comm; throws AgreedError (no_input; bad_data: no such file, or not consistent).
[[nodiscard]] std::vector<std::vector<RecommendedItem>> recommended_items(const JobContext& context,
                                                                          const std::string& path,
                                                                          const Quarter& quarter, const Groups& groups,
                                                                          std::size_t most, Index least);

}  // namespace rankwise
