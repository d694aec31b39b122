#include "distributed/assignment_bounds.hpp"

#include <cmath>
#include <limits>

#include "kernels/squared_distance.hpp"

namespace rankwise {

CentroidShifts::CentroidShifts(ConstMatrixView before, ConstMatrixView after) {
  for (Index k = 0; k < before.rows; ++k) {
    const double squared = kernels::squared_distance(before.row(k), after.row(k), before.stride);
    shifts.push_back(static_cast<float>(std::sqrt(squared)) * (1 + 0x1p-20F));
  }
  for (std::size_t k = 0; k < shifts.size(); ++k) {
    if (shifts[k] > shifts[static_cast<std::size_t>(farthest)]) farthest = static_cast<std::int32_t>(k);
  }
  for (std::size_t k = 0; k < shifts.size(); ++k) {
    if (static_cast<std::int32_t>(k) != farthest) farthest_of_others = std::max(farthest_of_others, shifts[k]);
  }
}

AssignmentBounds::AssignmentBounds(Index rows)
    : own_at_most_(static_cast<std::size_t>(rows), std::numeric_limits<float>::infinity()),
      others_at_least_(static_cast<std::size_t>(rows), 0.0F) {}

void AssignmentBounds::forget(Index row) {
  own_at_most_[static_cast<std::size_t>(row)] = std::numeric_limits<float>::infinity();
  others_at_least_[static_cast<std::size_t>(row)] = 0.0F;
}

kernels::DistanceBounds AssignmentBounds::of(RowRange rows) {
  const auto begin = static_cast<std::size_t>(rows.begin);
  const auto size = static_cast<std::size_t>(rows.size());
  return {std::span(own_at_most_).subspan(begin, size), std::span(others_at_least_).subspan(begin, size)};
}

}  // namespace rankwise
