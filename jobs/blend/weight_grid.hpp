#pragma once
// Weights that add up to 1, in equal steps.

#include <vector>

#include "kernels/base/types.hpp"

namespace rankwise {

/// One way to weigh the models.
using Weights = std::vector<double>;

/// Points of a grid of so many models and steps: (models + steps - 1 over steps), at most `most` + 1.
[[nodiscard]] Index grid_points(Index models, Index steps, Index most);

/// All weights k / steps that add up to 1; those of the first model descend, then those of the second, and so on.
[[nodiscard]] std::vector<Weights> weight_grid(Index models, Index steps);

/// The model that has all of the weight; -1 if several have a part.
[[nodiscard]] Index single_model(const Weights& weights);

}  // namespace rankwise
