#include "slurm/batch/launch_check.hpp"

#include <cstdlib>
#include <gtest/gtest.h>
#include <map>

namespace rankwise::slurm {
namespace {

EnvironmentLookup environment(std::map<std::string, std::string> values) {
  return [values = std::move(values)](std::string_view name) -> std::optional<std::string> {
    const auto found = values.find(std::string(name));
    return found == values.end() ? std::nullopt : std::optional(found->second);
  };
}

TEST(LaunchFault, SeveralTasksInAWorldOfOneAreRefused) {
  const auto fault = launch_fault(environment({{"SLURM_NTASKS", "4"}}), 1, WorkOf::all_ranks);
  ASSERT_TRUE(fault);
  EXPECT_NE(fault->find("4 tasks"), std::string::npos);
  EXPECT_NE(fault->find("srun --mpi=pmix"), std::string::npos);
  EXPECT_NE(fault->find("mpirun"), std::string::npos);
  EXPECT_TRUE(launch_fault(environment({{"SLURM_STEP_NUM_TASKS", "2"}}), 1, WorkOf::all_ranks));
  EXPECT_TRUE(launch_fault(environment({{"SLURM_STEP_NUM_TASKS", "2"}, {"SLURM_NTASKS", "1"}}), 1, WorkOf::all_ranks));
}

TEST(LaunchFault, AgreementAndAbsenceAreFine) {
  EXPECT_FALSE(launch_fault(environment({}), 1, WorkOf::all_ranks));
  EXPECT_FALSE(launch_fault(environment({{"SLURM_NTASKS", "1"}}), 1, WorkOf::all_ranks));
  EXPECT_FALSE(launch_fault(environment({{"SLURM_NTASKS", "4"}}), 4, WorkOf::all_ranks));
  EXPECT_FALSE(launch_fault(environment({{"SLURM_NTASKS", "4"}}), 2,
                            WorkOf::all_ranks));  // mpirun -n 2 inside an allocation of four
  EXPECT_FALSE(launch_fault(environment({{"SLURM_NTASKS", "several"}}), 1, WorkOf::all_ranks));
}

TEST(LaunchFault, AStepOfOneTaskInALargeAllocationIsFine) {
  EXPECT_FALSE(
      launch_fault(environment({{"SLURM_STEP_NUM_TASKS", "1"}, {"SLURM_NTASKS", "64"}}), 1, WorkOf::all_ranks));
}

TEST(LaunchFault, WorkOfOneRankNeedsNoLauncherInALargeAllocation) {
  EXPECT_FALSE(launch_fault(environment({{"SLURM_NTASKS", "2"}}), 1, WorkOf::one_rank));
  EXPECT_FALSE(launch_fault(environment({{"SLURM_STEP_NUM_TASKS", "1"}, {"SLURM_NTASKS", "2"}}), 1, WorkOf::one_rank));
  const auto fault = launch_fault(environment({{"SLURM_STEP_NUM_TASKS", "2"}}), 1, WorkOf::one_rank);
  ASSERT_TRUE(fault);
  EXPECT_NE(fault->find("needs one process"), std::string::npos);
}

TEST(ProcessEnvironment, TellsUnsetAndEmptyFromSet) {
  ASSERT_EQ(setenv("RANKWISE_PROBE", "7", 1), 0);
  EXPECT_EQ(process_environment("RANKWISE_PROBE"), "7");
  EXPECT_EQ(positive_number(process_environment, "RANKWISE_PROBE"), 7);
  ASSERT_EQ(setenv("RANKWISE_PROBE", "", 1), 0);
  EXPECT_FALSE(process_environment("RANKWISE_PROBE"));
  ASSERT_EQ(unsetenv("RANKWISE_PROBE"), 0);
  EXPECT_FALSE(process_environment("RANKWISE_PROBE"));
  EXPECT_FALSE(positive_number(process_environment, "RANKWISE_PROBE"));
}

}  // namespace
}  // namespace rankwise::slurm
