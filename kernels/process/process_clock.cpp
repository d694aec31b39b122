#include "kernels/process/process_clock.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <sstream>
#include <string>
#include <unistd.h>

#include "kernels/process/small_file.hpp"

namespace rankwise {

double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

double process_age_seconds() {
  const std::string text = read_small_file("/proc/self/stat");
  std::istringstream fields(text.substr(std::min(text.rfind(')') + 1, text.size())));
  constexpr int fields_before_start = 19;
  std::string skipped;
  for (int f = 0; f < fields_before_start; ++f) fields >> skipped;
  double start_ticks = 0;
  timespec now{};
  if (!(fields >> start_ticks) || clock_gettime(CLOCK_BOOTTIME, &now) != 0) return 0;
  const double seconds = static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
  return std::max(0.0, seconds - start_ticks / static_cast<double>(sysconf(_SC_CLK_TCK)));
}

}  // namespace rankwise
