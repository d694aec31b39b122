#pragma once
// Epoch seconds over ranks as a picture: SVG that stands alone.

#include <span>
#include <string>
#include <vector>

namespace rankwise {

/// One run.
struct PlotPoint {
  double ranks = 1;
  double seconds = 1;  ///< measured
  double min_seconds = 1;
  double max_seconds = 1;
  double predicted_seconds = 1;
  double ideal_seconds = 1;  ///< what the first run makes of it
  double efficiency = 1;
};

/// One series; points ascend by ranks, and there is at least one.
struct PlotPanel {
  std::string title;
  std::vector<PlotPoint> points;
};

/// Panels side by side, both axes logarithmic to base 2: measured points with their least and largest epoch and their
/// efficiency, predicted points, and the ideal line. `subtitle` says what was run. Texts may hold any characters.
[[nodiscard]] std::string scaling_plot(const std::string& subtitle, std::span<const PlotPanel> panels);

}  // namespace rankwise
