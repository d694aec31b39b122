#include "distributed/denoising/robust_scale.hpp"

#include "distributed/cleaning/outliers.hpp"

namespace rankwise {

std::optional<double> robust_scale(const Communicator& comm, std::span<const double> errors) {
  // The bounds of one deviation around the median are two deviations apart.
  const OutlierRule one_deviation{.kind = OutlierRule::Kind::mad, .multiple = 1};
  const std::optional<ValueBounds> bounds = value_bounds(comm, errors, one_deviation);
  return bounds ? std::optional((bounds->most - bounds->least) / 2) : std::nullopt;
}

}  // namespace rankwise
