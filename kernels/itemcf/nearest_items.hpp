#pragma once
// The most similar of the items that are offered.

#include <span>
#include <vector>

#include "kernels/base/types.hpp"

namespace rankwise {

struct Neighbour {
  LocalIndex item;
  float weight;
};

/// The `count` (>= 1) with the largest weights, ties to the lower item. The order of offers does not matter.
class NearestItems {
 public:
  explicit NearestItems(Index count) : count_(count) {}

  /// No item twice.
  void offer(const Neighbour& neighbour) {
    if (is_cut_ && !comes_before(neighbour, worst_)) return;
    kept_.push_back(neighbour);
    if (std::ssize(kept_) >= 2 * count_) cut();
  }
  /// The best of what was offered, ascending by item, valid until the next offer; the next offer begins anew.
  [[nodiscard]] std::span<const Neighbour> take();

 private:
  static bool comes_before(const Neighbour& a, const Neighbour& b) {
    return a.weight != b.weight ? a.weight > b.weight : a.item < b.item;
  }
  void cut();

  Index count_;
  std::vector<Neighbour> kept_;
  std::vector<Neighbour> taken_;
  Neighbour worst_{};
  bool is_cut_ = false;
};

}  // namespace rankwise
