#include "io/page/report_page.hpp"
#include "jobs/propensity/propensity_report.hpp"

namespace rankwise {

extern const std::string_view propensity_report_page;  // jobs/propensity/propensity_page.html

std::string propensity_page(std::string_view json) {
  return report_page(propensity_report_page, json);
}

}  // namespace rankwise
