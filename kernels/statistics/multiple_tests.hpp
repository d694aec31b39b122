#pragma once
// Several tests at once.

#include <span>
#include <vector>

namespace rankwise {

/// P values adjusted by Benjamini and Hochberg (Journal of the Royal Statistical Society B, 1995), in the order given:
/// of m values in ascending order, the i-th becomes the least of m p_j / j over j >= i. Rejecting those at most q keeps
/// the expected share of false ones among the rejected at most q. A NaN is no test: it stays NaN, and m does not count
/// it.
[[nodiscard]] std::vector<double> adjusted_p_values(std::span<const double> p_values);

}  // namespace rankwise
