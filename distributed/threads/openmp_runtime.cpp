#include "distributed/threads/openmp_runtime.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <pthread.h>

// GNU's own variables (libgomp/libgomp.h since GCC 4.4), hidden in its shared library; it is linked statically.
extern "C" {
#ifdef RANKWISE_STATIC_LIBGOMP
extern unsigned long long gomp_spin_count_var;            // while there is a processor for each thread of this process
extern unsigned long long gomp_throttled_spin_count_var;  // else
extern pthread_attr_t gomp_thread_attr;
#endif
}

namespace rankwise {

#ifdef RANKWISE_STATIC_LIBGOMP

void let_threads_sleep() {
  constexpr std::array<const char*, 2> variables{"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"};
  if (std::ranges::any_of(variables, [](const char* name) { return std::getenv(name) != nullptr; })) return;
  gomp_spin_count_var = gomp_throttled_spin_count_var;
}

std::size_t thread_stack_bytes() {
  std::size_t bytes = 0;
  pthread_attr_getstacksize(&gomp_thread_attr, &bytes);
  return bytes;
}

#else

void let_threads_sleep() {}

std::size_t thread_stack_bytes() {
  pthread_attr_t attributes;
  std::size_t bytes = 0;
  pthread_attr_init(&attributes);
  pthread_attr_getstacksize(&attributes, &bytes);
  pthread_attr_destroy(&attributes);
  return bytes;
}

#endif

}  // namespace rankwise
