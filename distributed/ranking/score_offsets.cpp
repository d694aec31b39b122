#include "distributed/ranking/score_offsets.hpp"

#include <cstddef>

#include "kernels/base/types.hpp"

namespace rankwise {

std::vector<float> score_offsets(const Objective& objective, ConstMatrixView users) {
  std::vector<float> offsets(static_cast<std::size_t>(users.rows), static_cast<float>(objective.global_mean));
  if (!objective.biases) return offsets;
  for (Index r = 0; r < users.rows; ++r) offsets[static_cast<std::size_t>(r)] += users.row(r)[users.columns - 1];
  return offsets;
}

}  // namespace rankwise
