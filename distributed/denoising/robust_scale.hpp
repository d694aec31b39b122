#pragma once
// How far errors usually lie from zero, whatever the few large ones are.

#include <optional>
#include <span>

#include "distributed/comm/communicator.hpp"

namespace rankwise {

/// The standard deviation that normal errors of this spread would have: median |error - median| / 0.67449, of all
/// ranks' errors. None without errors, or if half of them or more are equal. Exact on any number of ranks. Collective
/// over comm.
[[nodiscard]] std::optional<double> robust_scale(const Communicator& comm, std::span<const double> errors);

}  // namespace rankwise
