#pragma once
// Why an item is in a list: the user's items and features that speak for it, and how much of it each is.

#include <span>
#include <vector>

#include "kernels/base/types.hpp"

namespace rankwise {

/// An item of the user's history, or a feature of the user as ~feature, and what it adds to the score of an item.
struct ScoreTerm {
  Index item;
  double value;
};

/// A term as lists show it. `share` is of the sum of all terms above 0.
struct Reason {
  Index item;
  float term;
  float share;
};

/// The `count` largest of a score's terms, largest first, equal ones by the lower number; none that is 0 or less.
[[nodiscard]] std::vector<Reason> reasons(std::vector<ScoreTerm> terms, Index count);

}  // namespace rankwise
