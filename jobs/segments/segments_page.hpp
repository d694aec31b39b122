#pragma once
// The page of `segments` for people: one HTML file without anything from elsewhere.

#include <string>
#include <string_view>

namespace rankwise {

/// From the JSON of segments_json().
[[nodiscard]] std::string segments_page(std::string_view json);

}  // namespace rankwise
