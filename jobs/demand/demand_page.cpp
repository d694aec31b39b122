#include "io/page/report_page.hpp"
#include "jobs/demand/demand_report.hpp"

namespace rankwise {

extern const std::string_view demand_report_page;  // jobs/demand/demand_page.html

std::string demand_page(std::string_view json) {
  return report_page(demand_report_page, json);
}

}  // namespace rankwise
