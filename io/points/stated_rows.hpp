#pragma once
// How many rows a file of points says that it has.

#include <optional>

#include "distributed/comm/communicator.hpp"
#include "io/points/point_format.hpp"

namespace rankwise {

/// Rows of `source`, of which some may be no points, as its file states them; nothing for text, whose rows must be
/// counted, and for HDF5 whose matrix is not named. Collective over comm; throws AgreedError (no_input, bad_data,
/// io_error).
[[nodiscard]] std::optional<Index> stated_rows(const Communicator& comm, const PointSource& source);

}  // namespace rankwise
