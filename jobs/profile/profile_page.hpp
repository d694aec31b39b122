#pragma once
// The page of `profile` for people: one HTML file without anything from elsewhere.

#include <string>
#include <string_view>

namespace rankwise {

/// From the JSON of profile_json().
[[nodiscard]] std::string profile_page(std::string_view json);

}  // namespace rankwise
