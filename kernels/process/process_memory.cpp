#include "kernels/process/process_memory.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>
#include <unistd.h>

namespace rankwise {

namespace {

constexpr const char* status = "/proc/self/status";

Index bytes_in(const char* file, const std::string& name) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(name)) return Index{1024} * std::strtoll(line.c_str() + name.size(), nullptr, 10);
  }
  return 0;
}

}  // namespace

Index machine_memory_bytes() {
  const Index pages = sysconf(_SC_PHYS_PAGES);
  const Index page_bytes = sysconf(_SC_PAGESIZE);
  return pages > 0 && page_bytes > 0 ? pages * page_bytes : 0;
}

Index peak_memory_bytes() {
  return bytes_in(status, "VmHWM:");
}

Index bytes_of_other_processes() {
  const Index proportional = bytes_in("/proc/self/smaps_rollup", "Pss_Shmem:");
  return proportional == 0 ? 0 : std::max<Index>(0, bytes_in(status, "RssShmem:") - proportional);
}

bool forget_peak_memory() {
  std::ofstream peaks("/proc/self/clear_refs");
  peaks << "5" << std::flush;  // proc(5): resets the peak resident set size
  return peaks.good();
}

Index resident_bytes() {
  return bytes_in(status, "VmRSS:");
}

}  // namespace rankwise
