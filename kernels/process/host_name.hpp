#pragma once
// What this machine calls itself.

#include <string>

namespace rankwise {

/// As gethostname(2) says; "?" if it does not.
[[nodiscard]] std::string host_name();

}  // namespace rankwise
