#include "distributed/threads/team_size.hpp"

#include <omp.h>

namespace rankwise {

int team_size(double operations, int most) {
  // Some 50 microseconds of one thread; a team that sleeps wakes up in 10 to 50.
  constexpr double least_operations = 1 << 18;
  return operations < least_operations ? 1 : most;
}

int team_size(double operations) {
  return team_size(operations, omp_get_max_threads());
}

}  // namespace rankwise
