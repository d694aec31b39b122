#pragma once
// The page of measured campaigns.

#include <string>
#include <string_view>

namespace rankwise {

/// `json`: what measure_json() gives, as text.
[[nodiscard]] std::string measure_page(std::string_view json);

}  // namespace rankwise
