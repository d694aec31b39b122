#include "jobs/run/threads.hpp"

#include <gtest/gtest.h>
#include <map>
#include <thread>

namespace rankwise {
namespace {

slurm::EnvironmentLookup environment(std::map<std::string, std::string> values) {
  return [values = std::move(values)](std::string_view name) -> std::optional<std::string> {
    const auto found = values.find(std::string(name));
    return found == values.end() ? std::nullopt : std::optional(found->second);
  };
}

TEST(DefaultThreads, FollowsOpenMpThenSlurmThenTheMachine) {
  EXPECT_EQ(default_threads(environment({{"OMP_NUM_THREADS", "3"}, {"SLURM_CPUS_PER_TASK", "5"}}), 7), 3);
  EXPECT_EQ(default_threads(environment({{"OMP_NUM_THREADS", "3,2"}}), 7), 3);
  EXPECT_EQ(default_threads(environment({{"SLURM_CPUS_PER_TASK", "5"}}), 7), 5);
  EXPECT_EQ(default_threads(environment({}), 7), 7);
  EXPECT_EQ(default_threads(environment({}), 0), 1);
}

TEST(DefaultThreads, IgnoresWhatIsNoPositiveNumber) {
  for (const std::string odd : {"0", "-2", "many", "4x", "", "99999999999"}) {
    EXPECT_EQ(default_threads(environment({{"OMP_NUM_THREADS", odd}}), 7), 7) << odd;
  }
}

TEST(ProcessorsPerRank, SharesTheNodeEvenly) {
  const Communicator comm = Communicator::world();
  const int mine = processors_per_rank(comm);
  EXPECT_GE(mine, 1);
  EXPECT_LE(mine, std::max(1, static_cast<int>(std::thread::hardware_concurrency()) / comm.node().size()));
  EXPECT_EQ(comm.min(Index{mine}), comm.max(Index{mine}));
}

}  // namespace
}  // namespace rankwise
