#pragma once
// Values in five classes of about equal size, by midranks: equal values are in one class.

#include "kernels/base/types.hpp"

namespace rankwise {

inline constexpr int midrank_classes = 5;

/// floor((10 less + 5 equal) / (2 count)) + 1, at most 5: the class, from 1, of a value of which `less` of `count`
/// values are smaller and `equal` the same, itself included. Whole numbers decide, so that no monotone change of units
/// changes a class. It never falls as values rise. `count` > 0, and below 2^59.
[[nodiscard]] constexpr int midrank_class(Index less, Index equal, Index count) {
  const Index place = (10 * less + 5 * equal) / (2 * count);
  return static_cast<int>(place < midrank_classes - 1 ? place : midrank_classes - 1) + 1;
}

}  // namespace rankwise
