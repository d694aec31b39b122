#include "kernels/process/host_name.hpp"

#include <array>
#include <unistd.h>

namespace rankwise {

std::string host_name() {
  std::array<char, 256> name{};  // longer than Linux allows, and ended by a zero
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "?";
}

}  // namespace rankwise
