#pragma once
// How good the models of a quarter are, beside popularity and last quarter's, and which serve.

#include <nlohmann/json_fwd.hpp>

#include "jobs/quarterly/chain/chain.hpp"

namespace rankwise {

/// One element for each model that was measured. Throws Error (no_input, io_error, bad_data).
[[nodiscard]] nlohmann::ordered_json model_numbers(const Chain& chain);

}  // namespace rankwise
