#pragma once
// Customers of a profile as rows to cluster.

#include "distributed/comm/communicator.hpp"
#include "io/points/point_format.hpp"
#include "io/points/point_set.hpp"

namespace rankwise {

/// Columns of numbers of a profile: those that `source.columns` names, or all that have a value for each customer.
/// Users without an order, and with chosen columns those without a value in one of them, are no points. Collective over
/// comm; throws AgreedError (no_input, usage, bad_data, io_error).
[[nodiscard]] PointSet read_profile_points(const Communicator& comm, const PointSource& source);

}  // namespace rankwise
