#pragma once
// Moments in words.

#include <cstdint>
#include <string>

namespace rankwise {

/// "2010-12-01 08:26:00" of seconds since 1970, without the word UTC; "N s after 1970" before year 0 and after 9999.
[[nodiscard]] std::string utc_text(std::int64_t seconds);

}  // namespace rankwise
