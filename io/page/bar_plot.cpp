#include "io/page/bar_plot.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <iterator>
#include <string_view>

#include "io/page/plot_frame.hpp"
#include "io/page/svg_text.hpp"

namespace rankwise {

namespace {

constexpr double group_width = 64;
constexpr double plot_height = 300;
constexpr double bar_bottom = 72;

/// 1, 2 or 5 times a power of ten, so that about five of them reach `most`.
double tick_step(double most) {
  const double rough = most / 5;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= rough) return factor * power;
  }
  return 10 * power;
}

void add_text(std::string& svg, double x, double y, std::string_view anchor, std::string_view text) {
  fmt::format_to(std::back_inserter(svg),
                 R"(<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>)"
                 "\n",
                 x, y, anchor, svg_text(std::string(text)));
}

void add_bar(std::string& svg, double x, double value, double per_value, const char* color) {
  const double height = value * per_value;
  fmt::format_to(std::back_inserter(svg),
                 R"(<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" fill="{}"><title>{:.4f}</title></rect>)"
                 "\n",
                 x, frame_top + plot_height - height, group_width * 0.36, height, color, value);
}

void add_axis(std::string& svg, double most, double per_value, double width) {
  const double step = tick_step(most);
  for (int tick = 0; tick * step <= most * (1 + 1e-9); ++tick) {
    const double y = frame_top + plot_height - tick * step * per_value;
    fmt::format_to(std::back_inserter(svg),
                   R"(<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" stroke="#ddd"/>)"
                   "\n",
                   frame_left, y, frame_left + width, y);
    add_text(svg, frame_left - 6, y + 4, "end", fmt::format("{:g}", tick * step));
  }
}

void add_legend(std::string& svg) {
  fmt::format_to(std::back_inserter(svg),
                 R"(<rect x="{}" y="40" width="12" height="12" fill="{}"/>)"
                 "\n",
                 frame_left, predicted_color);
  add_text(svg, frame_left + 18, 51, "start", "predicted");
  fmt::format_to(std::back_inserter(svg),
                 R"(<rect x="{}" y="40" width="12" height="12" fill="{}"/>)"
                 "\n",
                 frame_left + 100, measured_color);
  add_text(svg, frame_left + 118, 51, "start", "actual");
}

}  // namespace

std::string bar_plot(std::string_view title, std::string_view group_title, std::string_view value_title,
                     std::span<const BarPair> groups) {
  double most = 0;
  for (const BarPair& group : groups) most = std::max({most, group.predicted, group.actual});
  if (!(most > 0)) most = 1;
  const double width = group_width * static_cast<double>(groups.size());
  const double per_value = plot_height / most;
  std::string svg =
      fmt::format(R"(<svg xmlns="http://www.w3.org/2000/svg" width="{0:.0f}" height="{1:.0f}" )"
                  R"(viewBox="0 0 {0:.0f} {1:.0f}" font-family="sans-serif" font-size="12">)"
                  "\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
                  std::max(frame_left + width + frame_right, 320.0), frame_top + plot_height + bar_bottom);
  add_text(svg, frame_left, 22, "start", title);
  add_legend(svg);
  add_axis(svg, most, per_value, width);
  for (std::size_t place = 0; place < groups.size(); ++place) {
    const double x = frame_left + group_width * static_cast<double>(place);
    add_bar(svg, x + group_width * 0.12, groups[place].predicted, per_value, predicted_color);
    add_bar(svg, x + group_width * 0.52, groups[place].actual, per_value, measured_color);
    add_text(svg, x + group_width / 2, frame_top + plot_height + 18, "middle", groups[place].name);
  }
  add_text(svg, frame_left + width / 2, frame_top + plot_height + 40, "middle", group_title);
  add_text(svg, frame_left, frame_top + plot_height + 62, "start", value_title);
  return svg + "</svg>\n";
}

}  // namespace rankwise
