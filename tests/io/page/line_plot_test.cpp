// The picture of a scaling report: complete, inside its frame, with safe texts.

#include "io/page/line_plot.hpp"

#include <gtest/gtest.h>
#include <string>

namespace rankwise {
namespace {

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t times = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++times;
  return times;
}

PlotPoint point(double ranks, double seconds) {
  return {ranks, seconds, 0.9 * seconds, 1.2 * seconds, 0.7 * seconds, 0.8 * seconds, 0.8};
}

void expect_numbers_in_frame(const std::string& svg) {
  for (const char* bad : {"nan", "inf"}) EXPECT_EQ(svg.find(bad), std::string::npos) << svg;
  const auto number_after = [&svg](const std::string& name, std::size_t from) {
    return std::stod(svg.substr(svg.find(name, from) + name.size()));
  };
  for (std::size_t at = svg.find("<circle"); at != std::string::npos; at = svg.find("<circle", at + 1)) {
    const double x = number_after("cx=\"", at);
    const double y = number_after("cy=\"", at);
    EXPECT_TRUE(x > 0 && x < 960 && y > 0 && y < 400) << svg;
  }
}

TEST(ScalingPlot, ShowsEveryPointOfEveryPanel) {
  const std::vector<PlotPanel> panels{{"strong", {point(1, 8), point(2, 4), point(3, 3), point(1024, 0.01)}},
                                      {"weak", {point(1, 8), point(4, 9)}}};
  const std::string svg = scaling_plot("what", panels);
  EXPECT_TRUE(svg.starts_with("<svg xmlns=") && svg.ends_with("</svg>\n"));
  EXPECT_EQ(count(svg, "<circle"), 4U + 2 + 2);  // and the legends
  EXPECT_EQ(count(svg, ">80%<"), 6U);
  EXPECT_EQ(count(svg, "<polyline"), 6U);
  EXPECT_EQ(count(svg, "MPI ranks (log2)"), 2U);
  EXPECT_EQ(count(svg, "epoch time, s (log2)"), 2U);
  EXPECT_EQ(count(svg, ">1024<"), 1U);
  expect_numbers_in_frame(svg);
}

TEST(ScalingPlot, OfASingleRunOrNoTimeIsStillAPicture) {
  for (const double seconds : {0.0, 1e-7, 0.25, 1.0, 1e6}) {
    expect_numbers_in_frame(scaling_plot("what", std::vector<PlotPanel>{{"strong", {point(1, seconds)}}}));
  }
  const std::string quick = scaling_plot("what", std::vector<PlotPanel>{{"weak", {point(2, 0.01)}}});
  EXPECT_EQ(count(quick, "epoch time, ms (log2)"), 1U);
}

TEST(ScalingPlot, TakesAnyText) {
  const std::string svg = scaling_plot("a < b & c", std::vector<PlotPanel>{{"x > y", {point(1, 1)}}});
  EXPECT_NE(svg.find("a &lt; b &amp; c"), std::string::npos);
  EXPECT_NE(svg.find("x &gt; y"), std::string::npos);
}

}  // namespace
}  // namespace rankwise
