#pragma once
// What lists are worth by the categories of their items: whether they are as mixed as the user's history, and how
// mixed.

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/base/types.hpp"

namespace rankwise {

/// Kullback and Leibler's divergence of the list's items by category from the history's (Steck 2018): the sum over
/// categories c of p_c ln(p_c / q_c), p_c the share of c in the history, q_c 0.99 times its share in the list plus 0.01
/// p_c. 0 if both have the same shares, ln 100 at most; 0 of a history without categories. Items whose category is
/// below 0 count on neither side. `category_of_item`: of all items.
[[nodiscard]] double calibration(std::span<const std::int32_t> category_of_item, std::span<const Index> history,
                                 std::span<const Index> list);

/// Share of the list's pairs of items whose categories differ: 1 less the mean Jaccard index of the pairs, an item
/// having one category. Items whose category is below 0 do not count; 0 of fewer than two that do.
[[nodiscard]] double category_diversity(std::span<const std::int32_t> category_of_item, std::span<const Index> list);

}  // namespace rankwise
