#pragma once
// Planted responses to offers as a table.

#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/synthetic/responses.hpp"

namespace rankwise {

/// A text file with the columns segment, offer, extra_orders and amount; each segment and offer once. Every rank reads
/// it. Collective over comm; throws AgreedError (no_input, io_error; bad_data: file, line and what was expected).
[[nodiscard]] std::vector<PlantedResponse> read_responses(const Communicator& comm, const std::string& path);

}  // namespace rankwise
