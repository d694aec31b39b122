#include "jobs/evaluate/evaluation_page.hpp"

#include "io/page/report_page.hpp"

namespace rankwise {

extern const std::string_view evaluation_report_page;  // jobs/evaluate/evaluation_page.html

std::string evaluation_page(std::string_view json) {
  return report_page(evaluation_report_page, json);
}

}  // namespace rankwise
