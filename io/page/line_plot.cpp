#include "io/page/line_plot.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <iterator>

#include "io/page/plot_frame.hpp"
#include "io/page/svg_text.hpp"

namespace rankwise {

namespace {

constexpr double panel_width = 480;
constexpr double panel_height = 400;
constexpr double line_bottom = 96;
constexpr const char* ideal_color = "#707070";

/// Whole powers of two from end to end, laid on pixels.
class LogAxis {
 public:
  LogAxis(double least, double most, double from, double to)
      : low_(static_cast<int>(std::floor(std::log2(least) + slack))),
        high_(std::max(low_ + 1, static_cast<int>(std::ceil(std::log2(most) - slack)))),
        from_(from),
        to_(to) {}
  [[nodiscard]] double at(double value) const {
    return from_ + (std::log2(value) - low_) / (high_ - low_) * (to_ - from_);
  }
  /// Powers of two, at most about ten.
  [[nodiscard]] std::vector<double> ticks() const {
    const int step = (high_ - low_ + 9) / 10;
    std::vector<double> values;
    for (int power = low_; power <= high_; power += step) values.push_back(std::exp2(power));
    return values;
  }

 private:
  static constexpr double slack = 1e-9;  // of logarithms, so that a power of two is its own
  int low_;
  int high_;
  double from_;
  double to_;
};

/// What the seconds' axis says: below half a second milliseconds read better.
struct TimeUnit {
  const char* name;
  double per_second;
};

TimeUnit unit_of(double most_seconds) {
  return most_seconds < 0.5 ? TimeUnit{"ms", 1000} : TimeUnit{"s", 1};
}

class PanelDrawing {
 public:
  PanelDrawing(const PlotPanel& panel, double x0)
      : panel_(panel),
        x0_(x0),
        unit_(unit_of(most_seconds(panel))),
        ranks_(panel.points.front().ranks, panel.points.back().ranks, x0 + frame_left, x0 + panel_width - frame_right),
        time_(least_seconds(panel) * unit_.per_second, most_seconds(panel) * unit_.per_second,
              panel_height - line_bottom, frame_top) {}

  [[nodiscard]] std::string draw() {
    axes();
    line(&PlotPoint::ideal_seconds, ideal_color, "6 4");
    line(&PlotPoint::predicted_seconds, predicted_color, "2 3");
    line(&PlotPoint::seconds, measured_color, "none");
    for (const PlotPoint& point : panel_.points) marks(point);
    legend();
    return std::move(svg_);
  }

 private:
  template <class... Arguments>
  void put(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    fmt::format_to(std::back_inserter(svg_), format, std::forward<Arguments>(arguments)...);
  }
  static double least_seconds(const PlotPanel& panel) {
    double least = panel.points.front().seconds;
    for (const PlotPoint& point : panel.points)
      least = std::min({least, point.min_seconds, point.predicted_seconds, point.ideal_seconds});
    return std::max(least, 1e-9);
  }
  static double most_seconds(const PlotPanel& panel) {
    double most = 1e-9;
    for (const PlotPoint& point : panel.points)
      most = std::max({most, point.max_seconds, point.predicted_seconds, point.ideal_seconds});
    return most;
  }
  [[nodiscard]] double y(double seconds) const { return time_.at(std::max(seconds, 1e-9) * unit_.per_second); }

  void axes() {
    const double x_end = x0_ + panel_width - frame_right;
    const double y_end = panel_height - line_bottom;
    put("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"title\">{}</text>\n", x0_ + frame_left, frame_top - 14,
        svg_text(panel_.title));
    for (const double tick : ranks_.ticks()) {
      const double x = ranks_.at(tick);
      put("<path class=\"grid\" d=\"M{:.1f} {:.1f}V{:.1f}\"/>"
          "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{:g}</text>\n",
          x, frame_top, y_end, x, y_end + 16, tick);
    }
    for (const double tick : time_.ticks()) {
      const double at = time_.at(tick);
      put("<path class=\"grid\" d=\"M{:.1f} {:.1f}H{:.1f}\"/>"
          "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{:.3g}</text>\n",
          x0_ + frame_left, at, x_end, x0_ + frame_left - 6, at + 4, tick);
    }
    put("<path class=\"axis\" d=\"M{:.1f} {:.1f}V{:.1f}H{:.1f}\"/>\n", x0_ + frame_left, frame_top, y_end, x_end);
    put("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">MPI ranks (log2)</text>\n",
        (x0_ + frame_left + x_end) / 2, y_end + 36);
    const double x_label = x0_ + 20;
    const double y_label = (frame_top + y_end) / 2;
    put("<text x=\"{0:.1f}\" y=\"{1:.1f}\" text-anchor=\"middle\" transform=\"rotate(-90 {0:.1f} {1:.1f})\">"
        "epoch time, {2} (log2)</text>\n",
        x_label, y_label, unit_.name);
  }

  void line(double PlotPoint::*seconds, const char* color, const char* dashes) {
    std::string places;
    for (const PlotPoint& point : panel_.points)
      places += fmt::format("{:.1f},{:.1f} ", ranks_.at(point.ranks), y(point.*seconds));
    put("<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.5\" stroke-dasharray=\"{}\"/>\n", places,
        color, dashes);
  }

  void marks(const PlotPoint& point) {
    const double x = ranks_.at(point.ranks);
    put("<path d=\"M{0:.1f} {1:.1f}V{2:.1f}M{3:.1f} {1:.1f}h8M{3:.1f} {2:.1f}h8\" stroke=\"{4}\"/>\n", x,
        y(point.min_seconds), y(point.max_seconds), x - 4, measured_color);
    diamond(x, y(point.predicted_seconds));
    dot(x, y(point.seconds));
    const bool is_last = &point == &panel_.points.back();
    put("<text class=\"share\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" fill=\"{}\">{:.0f}%</text>\n",
        x + (is_last ? -7 : 7), y(point.seconds) - 7, is_last ? "end" : "start", measured_color,
        100 * point.efficiency);
  }
  void dot(double x, double at) {
    put("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\" fill=\"{}\"/>\n", x, at, measured_color);
  }
  void diamond(double x, double at) {
    put("<path d=\"M{:.1f} {:.1f}l5 5l5 -5l-5 -5z\" fill=\"white\" stroke=\"{}\" stroke-width=\"1.5\"/>\n", x - 5, at,
        predicted_color);
  }

  void legend() {
    const double at = panel_height - 32;
    const double text = at + 4;
    double x = x0_ + frame_left;
    dot(x, at);
    put("<text x=\"{:.1f}\" y=\"{:.1f}\">measured (efficiency)</text>\n", x + 9, text);
    x += 154;
    diamond(x, at);
    put("<text x=\"{:.1f}\" y=\"{:.1f}\">predicted</text>\n", x + 9, text);
    x += 86;
    put("<path d=\"M{:.1f} {:.1f}h22\" stroke=\"{}\" stroke-width=\"1.5\" stroke-dasharray=\"6 4\"/>\n", x, at,
        ideal_color);
    put("<text x=\"{:.1f}\" y=\"{:.1f}\">ideal</text>\n", x + 28, text);
  }

  const PlotPanel& panel_;
  double x0_;
  TimeUnit unit_;
  LogAxis ranks_;
  LogAxis time_;
  std::string svg_;
};

}  // namespace

std::string scaling_plot(const std::string& subtitle, std::span<const PlotPanel> panels) {
  const double width = panel_width * static_cast<double>(panels.size());
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" viewBox=\"0 0 {0:.0f} {1:.0f}\" "
      "role=\"img\" font-family=\"sans-serif\" font-size=\"12\">\n"
      "<title>rankwise: scaling of ALS</title>\n"
      "<style>.grid{{stroke:#e2e2e2}}.axis{{stroke:#303030;fill:none}}.title{{font-size:14px;font-weight:bold}}"
      ".share{{paint-order:stroke;stroke:white;stroke-width:3px}}</"
      "style>\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
      "<text x=\"{2:.1f}\" y=\"22\">{3}</text>\n",
      width, panel_height, frame_left, svg_text(subtitle));
  for (std::size_t p = 0; p < panels.size(); ++p) {
    svg += PanelDrawing(panels[p], panel_width * static_cast<double>(p)).draw();
  }
  return svg + "</svg>\n";
}

}  // namespace rankwise
