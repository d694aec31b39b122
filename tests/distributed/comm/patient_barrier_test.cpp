// The barrier that sleeps is a barrier.

#include "distributed/comm/patient_barrier.hpp"

#include <algorithm>
#include <chrono>
#include <gtest/gtest.h>
#include <thread>

namespace rankwise {
namespace {

/// The same clock in all processes of a machine.
Index nanoseconds() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

TEST(PatientBarrier, LetsNobodyPassBeforeAllHaveCome) {
  const Communicator comm = Communicator::world();
  for (int late = 0; late < comm.size(); ++late) {
    if (comm.rank() == late) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    const Index came = nanoseconds();
    patient_barrier(comm);
    const Index passed = nanoseconds();
    EXPECT_GE(comm.min(passed), comm.max(came));
  }
}

TEST(PatientBarrier, MayFollowItself) {
  const Communicator comm = Communicator::world();
  for (int i = 0; i < 20; ++i) patient_barrier(comm);
}

}  // namespace
}  // namespace rankwise
