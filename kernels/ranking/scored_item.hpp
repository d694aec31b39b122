#pragma once
// An item with its score, and which of two comes first in a list.

#include "kernels/base/types.hpp"

namespace rankwise {

struct ScoredItem {
  float score;
  Index item;
};

/// Higher score first; equal scores by the lower item. What is no number is first of all: no list hides it.
[[nodiscard]] inline bool better(const ScoredItem& a, const ScoredItem& b) {
  if (a.score > b.score) return true;
  if (a.score < b.score) return false;
  const bool a_is_number = a.score == a.score;
  const bool b_is_number = b.score == b.score;
  return a_is_number == b_is_number ? a.item < b.item : b_is_number;
}

}  // namespace rankwise
