#pragma once
// Ids that are shared out over ranks by rows.

#include "distributed/rows/ids.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// This rank's rows of an id dictionary.
struct IdRows {
  RowRange rows;
  Index total_rows = 0;
  Ids ids;
};

}  // namespace rankwise
