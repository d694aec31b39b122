#pragma once
// The matrix that a plan is about, wherever it comes from: read or planted by this rank alone.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "distributed/planning/layout_plan.hpp"
#include "io/dataset/dataset.hpp"
#include "jobs/planning/stated_sizes.hpp"

namespace rankwise {

using VisitRows = std::function<void(const PatternRows&)>;

/// What a plan needs of a matrix.
struct PlannedMatrix {
  std::vector<Index> user_sizes;
  std::vector<Index> item_sizes;
  std::function<void(const VisitRows&)> for_each_block;  ///< of user rows, ascending
  Index interactions = 0;
};

/// What of a dataset is trained on. Throws Error (no_input, bad_data, io_error).
[[nodiscard]] PlannedMatrix matrix_of_dataset(const std::string& path, TrainedOn trained_on, InputCheck check);

/// A planted log of stated sizes. Throws Error(usage), also for sizes that would take this machine too long.
[[nodiscard]] PlannedMatrix matrix_of_sizes(const StatedSizes& sizes, std::uint64_t seed);

}  // namespace rankwise
