#pragma once
// Uplifts that were measured of last quarter's segments, as those of this quarter's that match them.

#include <string>

#include "distributed/comm/communicator.hpp"
#include "io/campaign/uplift_table.hpp"

namespace rankwise {

/// Puts the segment of now in the place of each segment of then, by the matches in the report of `segments --against`
/// at `path`; a row whose segment matches none gets an empty segment. Lines of all customers, and of those in no
/// segment, stay. Returns how many rows match none. Collective over comm; throws AgreedError (no_input, bad_data).
[[nodiscard]] Index match_uplifts(const Communicator& comm, const std::string& path, UpliftTable& table);

}  // namespace rankwise
