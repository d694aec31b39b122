#include "jobs/process_memory.hpp"

#include <cstdlib>
#include <fstream>
#include <string>

namespace rankwise {

namespace {

Index status_bytes(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name)) return Index{1024} * std::strtoll(line.c_str() + name.size(), nullptr, 10);
  }
  return 0;
}

}  // namespace

Index peak_memory_bytes() {
  return status_bytes("VmHWM:");
}

bool forget_peak_memory() {
  std::ofstream peaks("/proc/self/clear_refs");
  peaks << "5" << std::flush;  // proc(5): resets the peak resident set size
  return peaks.good();
}

Index resident_bytes() {
  return status_bytes("VmRSS:");
}

}  // namespace rankwise
