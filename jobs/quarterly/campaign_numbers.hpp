#pragma once
// Campaigns of a quarter: what last quarter's brought, and what is planned now.

#include <nlohmann/json_fwd.hpp>

#include "jobs/quarterly/chain/chain.hpp"

namespace rankwise {

/// Null if the chain has none. Throws Error (no_input, io_error, bad_data).
[[nodiscard]] nlohmann::ordered_json campaign_numbers(const Chain& chain);

}  // namespace rankwise
