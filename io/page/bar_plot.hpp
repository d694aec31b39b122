#pragma once
// What was predicted beside what came, by groups, as a picture: SVG that stands alone.

#include <span>
#include <string>

namespace rankwise {

/// One group; values are finite and >= 0.
struct BarPair {
  std::string name;
  double predicted = 0;
  double actual = 0;
};

/// Two bars for each group, on one axis from 0. `group_title` and `value_title` name the axes. At least one group.
[[nodiscard]] std::string bar_plot(std::string_view title, std::string_view group_title, std::string_view value_title,
                                   std::span<const BarPair> groups);

}  // namespace rankwise
