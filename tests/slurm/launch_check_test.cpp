#include "slurm/launch_check.hpp"

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
  const auto fault = launch_fault(environment({{"SLURM_NTASKS", "4"}}), 1);
  ASSERT_TRUE(fault);
  EXPECT_NE(fault->find("4 tasks"), std::string::npos);
  EXPECT_NE(fault->find("srun --mpi=pmix"), std::string::npos);
  EXPECT_NE(fault->find("mpirun"), std::string::npos);
  EXPECT_TRUE(launch_fault(environment({{"SLURM_STEP_NUM_TASKS", "2"}}), 1));
  EXPECT_TRUE(launch_fault(environment({{"SLURM_STEP_NUM_TASKS", "2"}, {"SLURM_NTASKS", "1"}}), 1));
}

TEST(LaunchFault, AgreementAndAbsenceAreFine) {
  EXPECT_FALSE(launch_fault(environment({}), 1));
  EXPECT_FALSE(launch_fault(environment({{"SLURM_NTASKS", "1"}}), 1));
  EXPECT_FALSE(launch_fault(environment({{"SLURM_NTASKS", "4"}}), 4));
  EXPECT_FALSE(launch_fault(environment({{"SLURM_NTASKS", "4"}}), 2));  // mpirun -n 2 inside an allocation of four
  EXPECT_FALSE(launch_fault(environment({{"SLURM_NTASKS", "several"}}), 1));
}

TEST(LaunchFault, AStepOfOneTaskInALargeAllocationIsFine) {
  EXPECT_FALSE(launch_fault(environment({{"SLURM_STEP_NUM_TASKS", "1"}, {"SLURM_NTASKS", "64"}}), 1));
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
