#pragma once
// Where a time line is cut so that so many events lie before the cut.

#include <cstdint>
#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// For each of `counts`, at most as many as there are events, the earliest time such that at least so many events are
/// not later: a cut after it divides no time. The largest number where there are no events. `times` are this rank's.
/// Collective over comm, with the same counts on every rank.
[[nodiscard]] std::vector<std::int64_t> times_reaching(const Communicator& comm, std::vector<std::int64_t> times,
                                                       std::span<const Index> counts);

}  // namespace rankwise
