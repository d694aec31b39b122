// Reports take any data: every mark is replaced once, and nothing in the data ends its element.

#include "io/page/report_page.hpp"

#include <gtest/gtest.h>
#include <string>

namespace rankwise {
namespace {

constexpr std::string_view page =
    "<style>/*STYLE*/</style><script id=\"data\" type=\"application/json\">/*DATA*/</script>"
    "<script>/*DRAWING*/</script>";

std::string data_of(const std::string& report) {
  const std::string begin = "application/json\">";
  const std::size_t from = report.find(begin) + begin.size();
  return report.substr(from, report.find("</script>", from) - from);
}

TEST(ReportPage, HasStyleDrawingAndData) {
  const std::string report = report_page(page, "{\"a\": 1}");
  EXPECT_NE(report.find("body { font:"), std::string::npos);
  EXPECT_NE(report.find("function axes("), std::string::npos);
  EXPECT_EQ(data_of(report), "{\"a\": 1}");
  for (const char* mark : {"/*STYLE*/", "/*DRAWING*/", "/*DATA*/"}) {
    EXPECT_EQ(report.find(mark), std::string::npos) << mark;
  }
}

TEST(ReportPage, KeepsDataInItsElement) {
  const std::string report =
      report_page(page, R"({"a": "</script><!--<script>", "b": "\\<", "c": "/*STYLE*/ /*DATA*/"})");
  EXPECT_EQ(data_of(report),
            R"({"a": "\u003c/script>\u003c!--\u003cscript>", "b": "\\\u003c", "c": "/*STYLE*/ /*DATA*/"})");
}

}  // namespace
}  // namespace rankwise
