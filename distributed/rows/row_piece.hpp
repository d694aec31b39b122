#pragma once
// A part of a row, where several ranks have parts of it.

#include "kernels/base/types.hpp"

namespace rankwise {

/// One part of a shared row (distributed/als/shared_rows.hpp).
struct SharedPart {
  Index row = 0;  ///< global
  Index part = 0;
  RowRange entries = {};  ///< kernels::part_range
  friend bool operator==(const SharedPart&, const SharedPart&) = default;
};

}  // namespace rankwise
