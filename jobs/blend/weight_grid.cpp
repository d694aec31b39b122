#include "jobs/blend/weight_grid.hpp"

#include <algorithm>

namespace rankwise {

namespace {

/// Adds all ways to divide `left` steps among the models from `model` on.
void add_points(Index left, std::size_t model, double steps, Weights& weights, std::vector<Weights>& grid) {
  if (model + 1 == weights.size()) {
    weights[model] = static_cast<double>(left) / steps;
    grid.push_back(weights);
    return;
  }
  for (Index taken = left; taken >= 0; --taken) {
    weights[model] = static_cast<double>(taken) / steps;
    add_points(left - taken, model + 1, steps, weights, grid);
  }
}

}  // namespace

Index grid_points(Index models, Index steps, Index most) {
  Index points = 1;
  for (Index m = 1; m < models; ++m) {
    points = points * (steps + m) / m;  // a binomial coefficient, hence whole
    if (points > most) return most + 1;
  }
  return points;
}

std::vector<Weights> weight_grid(Index models, Index steps) {
  std::vector<Weights> grid;
  Weights weights(static_cast<std::size_t>(models));
  add_points(steps, 0, static_cast<double>(steps), weights, grid);
  return grid;
}

Index single_model(const Weights& weights) {
  const auto parts = std::ranges::count_if(weights, [](double weight) { return weight > 0; });
  if (parts > 1) return -1;
  return std::ranges::find_if(weights, [](double weight) { return weight > 0; }) - weights.begin();
}

}  // namespace rankwise
