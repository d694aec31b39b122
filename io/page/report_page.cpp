#include "io/page/report_page.hpp"

namespace rankwise {

extern const std::string_view report_style;    // io/page/report_style.css
extern const std::string_view report_drawing;  // io/page/report_drawing.js

namespace {

void put(std::string& page, std::string_view mark, std::string_view text) {
  page.replace(page.find(mark), mark.size(), text);
}

/// JSON has "<" in texts alone, which may have it as an escape, too: then neither "</script>" nor "<!--" is left.
std::string without_tags(std::string_view json) {
  std::string safe;
  safe.reserve(json.size());
  for (const char c : json) {
    if (c == '<') {
      safe += "\\u003c";
    } else {
      safe += c;
    }
  }
  return safe;
}

}  // namespace

std::string report_page(std::string_view page, std::string_view json) {
  std::string report(page);
  put(report, "/*STYLE*/", report_style);
  put(report, "/*DRAWING*/", report_drawing);
  put(report, "/*DATA*/", without_tags(json));
  return report;
}

}  // namespace rankwise
