#pragma once
// The numbers of a quarter, from the files of its steps: what its page shows, and nothing else.

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <vector>

#include "jobs/quarterly/records.hpp"

namespace rankwise {

/// `records`: of the chain's steps. Throws Error (no_input, io_error, bad_data).
[[nodiscard]] nlohmann::ordered_json quarter_numbers(const Chain& chain,
                                                     const std::vector<std::optional<StepRecord>>& records);

}  // namespace rankwise
