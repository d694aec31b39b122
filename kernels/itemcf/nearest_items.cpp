#include "kernels/itemcf/nearest_items.hpp"

#include <algorithm>

namespace rankwise {

void NearestItems::cut() {
  if (std::ssize(kept_) <= count_) return;
  std::ranges::nth_element(kept_, kept_.begin() + (count_ - 1), comes_before);
  kept_.resize(static_cast<std::size_t>(count_));
  worst_ = kept_.back();
  is_cut_ = true;
}

std::span<const Neighbour> NearestItems::take() {
  cut();
  taken_.swap(kept_);
  kept_.clear();
  is_cut_ = false;
  std::ranges::sort(taken_, {}, &Neighbour::item);
  return taken_;
}

}  // namespace rankwise
