#pragma once
// A reliability as JSON, as files of probabilities and of metrics have it (docs/FORMATS.md).

#include <nlohmann/json_fwd.hpp>

#include "distributed/probability/reliability.hpp"

namespace rankwise {

[[nodiscard]] nlohmann::ordered_json reliability_json(const Reliability& reliability);

}  // namespace rankwise
