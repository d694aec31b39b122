#include "jobs/profile/profile_page.hpp"

#include "io/page/report_page.hpp"

namespace rankwise {

extern const std::string_view profile_report_page;  // jobs/profile/profile_page.html

std::string profile_page(std::string_view json) {
  return report_page(profile_report_page, json);
}

}  // namespace rankwise
