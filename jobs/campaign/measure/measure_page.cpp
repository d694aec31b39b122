#include "jobs/campaign/measure/measure_page.hpp"

#include "io/page/report_page.hpp"

namespace rankwise {

extern const std::string_view campaign_measure_report_page;  // jobs/campaign/measure/measure_page.html

std::string measure_page(std::string_view json) {
  return report_page(campaign_measure_report_page, json);
}

}  // namespace rankwise
