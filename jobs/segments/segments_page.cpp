#include "jobs/segments/segments_page.hpp"

#include "io/page/report_page.hpp"

namespace rankwise {

extern const std::string_view segments_report_page;  // jobs/segments/segments_page.html

std::string segments_page(std::string_view json) {
  return report_page(segments_report_page, json);
}

}  // namespace rankwise
