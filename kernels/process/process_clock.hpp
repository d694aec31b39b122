#pragma once
// What time it is, and since when this process has lived.

namespace rankwise {

/// By the system's clock, which people set.
[[nodiscard]] double seconds_since_1970();

/// From its start by the launcher; 0 if the system does not say.
[[nodiscard]] double process_age_seconds();

}  // namespace rankwise
