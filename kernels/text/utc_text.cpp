#include "kernels/text/utc_text.hpp"

#include <chrono>
#include <fmt/format.h>

namespace rankwise {

std::string utc_text(std::int64_t seconds) {
  using namespace std::chrono;
  constexpr std::int64_t year_0 = -62'167'219'200;
  constexpr std::int64_t year_10000 = 253'402'300'800;
  if (seconds < year_0 || seconds >= year_10000) return fmt::format("{} s after 1970", seconds);
  const sys_seconds moment{std::chrono::seconds(seconds)};
  const auto day = floor<days>(moment);
  const year_month_day date(day);
  const hh_mm_ss time(moment - day);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), time.hours().count(),
                     time.minutes().count(), time.seconds().count());
}

}  // namespace rankwise
