#pragma once
// How `status` ends where the work that it was asked about went wrong, while the command itself did what it should.

#include "kernels/error.hpp"

namespace rankwise {

/// Something failed, or was lost and nothing will run it again.
inline constexpr ExitCode work_failed{76};

}  // namespace rankwise
