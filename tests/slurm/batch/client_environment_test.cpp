// Variables of the user's environment against Slurm's clients: every one that the manual pages list, and every one that
// the clients which are installed here have in their text, so that a newer Slurm's are tried without a change here.

#include "slurm/batch/client_environment.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <set>
#include <sstream>

#include "slurm/batch/slurm_queue.hpp"
#include "slurm/process/child_process.hpp"

namespace rankwise::slurm {
namespace {

/// Of the manual pages of sbatch, squeue, scancel, scontrol, sacct, sinfo, srun and salloc of Slurm 22.05 to 24.05, as
/// far as they begin with a client's name; and those of all clients that say more than how to reach the controller.
constexpr const char* of_manual = R"(
  SBATCH_ACCOUNT SBATCH_ACCTG_FREQ SBATCH_ARRAY_INX SBATCH_BATCH SBATCH_BURST_BUFFER SBATCH_CLUSTERS
  SBATCH_CLUSTER_CONSTRAINT SBATCH_CONSTRAINT SBATCH_CONTAINER SBATCH_CONTAINER_ID SBATCH_CORE_SPEC SBATCH_CPUS_PER_GPU
  SBATCH_CPU_FREQ_REQ SBATCH_DEBUG SBATCH_DELAY_BOOT SBATCH_DISTRIBUTION SBATCH_ERROR SBATCH_EXCLUSIVE SBATCH_EXPORT
  SBATCH_GET_USER_ENV SBATCH_GPUS SBATCH_GPUS_PER_NODE SBATCH_GPUS_PER_SOCKET SBATCH_GPUS_PER_TASK SBATCH_GPU_BIND
  SBATCH_GPU_FREQ SBATCH_GRES SBATCH_GRES_FLAGS SBATCH_HINT SBATCH_IGNORE_PBS SBATCH_INPUT SBATCH_JOB_NAME
  SBATCH_MEM_BIND SBATCH_MEM_PER_CPU SBATCH_MEM_PER_GPU SBATCH_MEM_PER_NODE SBATCH_NETWORK SBATCH_NO_KILL
  SBATCH_NO_REQUEUE SBATCH_OPEN_MODE SBATCH_OUTPUT SBATCH_OVERCOMMIT SBATCH_PARTITION SBATCH_POWER SBATCH_PROFILE
  SBATCH_QOS SBATCH_REQUEUE SBATCH_REQ_SWITCH SBATCH_RESERVATION SBATCH_SEGMENT_SIZE SBATCH_SIGNAL SBATCH_SPREAD_JOB
  SBATCH_THREADS_PER_CORE SBATCH_THREAD_SPEC SBATCH_TIMELIMIT SBATCH_TRES_BIND SBATCH_TRES_PER_TASK
  SBATCH_USE_MIN_NODES SBATCH_WAIT SBATCH_WAIT4SWITCH SBATCH_WAIT_ALL_NODES SBATCH_WCKEY
  SQUEUE_ACCOUNT SQUEUE_ALL SQUEUE_ARRAY SQUEUE_ARRAY_UNIQUE SQUEUE_FEDERATION SQUEUE_FORMAT SQUEUE_FORMAT2
  SQUEUE_LICENSES SQUEUE_LOCAL SQUEUE_NAMES SQUEUE_PARTITION SQUEUE_PRIORITY SQUEUE_QOS SQUEUE_SIBLING SQUEUE_SORT
  SQUEUE_STATES SQUEUE_USERS
  SCANCEL_ACCOUNT SCANCEL_ADMIN_COMMENT SCANCEL_BATCH SCANCEL_CRON SCANCEL_CTLD SCANCEL_FULL SCANCEL_HURRY
  SCANCEL_INTERACTIVE SCANCEL_NAME SCANCEL_PARTITION SCANCEL_QOS SCANCEL_STATE SCANCEL_USER SCANCEL_VERBOSE
  SCANCEL_WCKEY
  SCONTROL_ALL SCONTROL_FEDERATION SCONTROL_FUTURE SCONTROL_LOCAL SCONTROL_SIBLING
  SACCT_FEDERATION SACCT_FORMAT SACCT_LOCAL SINFO_ALL SINFO_FEDERATION SINFO_FORMAT SINFO_LOCAL SINFO_PARTITION
  SINFO_SORT SRUN_CONTAINER SRUN_CPUS_PER_TASK SRUN_DEBUG SRUN_EXPORT_ENV SALLOC_ACCOUNT SALLOC_PARTITION SALLOC_WAIT
  SLURM_CLUSTERS SLURM_CPUS_PER_TASK SLURM_CPU_BIND SLURM_DEBUG_FLAGS SLURM_DISTRIBUTION SLURM_EXIT_ERROR
  SLURM_EXPORT_ENV SLURM_HINT SLURM_JOB_ID SLURM_JOB_NAME SLURM_JOB_NODELIST SLURM_MEM_BIND SLURM_MEM_PER_CPU
  SLURM_MEM_PER_NODE SLURM_NNODES SLURM_NTASKS SLURM_NTASKS_PER_NODE SLURM_PARTITION SLURM_PROCID SLURM_STEP_ID
  SLURM_TIMELIMIT SLURM_TIME_FORMAT SLURM_UMASK SLURM_WORKING_CLUSTER)";

/// Words of a file that begin as a client's variables do; none where there is no such file.
std::set<std::string> variables_in(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  std::set<std::string> names;
  const auto may_be_in = [](unsigned char c) { return std::isupper(c) != 0 || std::isdigit(c) != 0 || c == '_'; };
  for (const std::string prefix : {"SBATCH_", "SQUEUE_", "SCANCEL_", "SCONTROL_", "SACCT_", "SINFO_"}) {
    for (std::size_t at = bytes.find(prefix); at != std::string::npos; at = bytes.find(prefix, at + 1)) {
      const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(at);
      const auto end = std::find_if_not(begin, bytes.end(), may_be_in);
      if (static_cast<std::size_t>(end - begin) > prefix.size()) names.emplace(begin, end);
    }
  }
  return names;
}

std::set<std::string> all_variables() {
  std::set<std::string> names;
  std::istringstream words(of_manual);
  for (std::string name; words >> name;) names.insert(name);
  for (const char* client : {"sbatch", "squeue", "scancel", "scontrol", "sacct", "sinfo"}) {
    for (const char* folder : {"/usr/bin/", "/usr/local/bin/", "/opt/slurm/bin/"}) {
      names.merge(variables_in(std::string(folder) + client));
    }
  }
  return names;
}

/// Sets a variable as long as it lives, and leaves none of the places set.
class Variable {
 public:
  Variable(std::string name, const std::string& value) : name_(std::move(name)) {
    setenv(name_.c_str(), value.c_str(), 1);
  }
  ~Variable() { unsetenv(name_.c_str()); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  std::string name_;
};

class ClientEnvironment : public testing::Test {
 protected:
  void SetUp() override {
    for (const std::string& name : all_variables()) unsetenv(name.c_str());
  }
};

using Texts = std::vector<std::string>;

bool is_set_in(const Texts& environment, const std::string& name) {
  return std::ranges::any_of(environment, [&](const std::string& one) { return one.starts_with(name + "="); });
}

constexpr const char* silent = "#!/bin/bash\n#SBATCH --job-name=a-0\n";

TEST_F(ClientEnvironment, NoVariableReachesAClientButThePlacesSbatch) {
  const std::set<std::string> places{"SBATCH_ACCOUNT", "SBATCH_PARTITION", "SBATCH_QOS", "SBATCH_RESERVATION",
                                     "SBATCH_CLUSTERS"};
  for (const std::string& name : all_variables()) {
    const Variable variable(name, "hostile");
    EXPECT_FALSE(is_set_in(clean_environment(), name)) << name;
    const Texts of_sbatch = clean_environment(places_for(silent));
    EXPECT_EQ(is_set_in(of_sbatch, name), places.contains(name)) << name;
    const bool is_dropped = name.starts_with("SBATCH_") && !places.contains(name);
    EXPECT_EQ(dropped_beside(silent), is_dropped ? Texts{name} : Texts()) << name;
  }
}

TEST_F(ClientEnvironment, ReachesTheControllerAsTheUserDoes) {
  for (const char* name : {"SLURM_CONF", "SLURM_JWT", "SLURM_CONF_SERVER"}) {
    const Variable variable(name, "mine");
    EXPECT_TRUE(is_set_in(clean_environment(), name)) << name;
  }
}

TEST_F(ClientEnvironment, PlacesHoldWhereTheScriptIsSilent) {
  const Variable account("SBATCH_ACCOUNT", "shop");
  const Variable partition("SBATCH_PARTITION", "night");
  EXPECT_EQ(places_for(silent), (Texts{"SBATCH_ACCOUNT=shop", "SBATCH_PARTITION=night"}));
  for (const char* line : {"--partition=day", "--partition day", "--part=day", "-p day", "-pday", "--mem=3 -p day"}) {
    const std::string script = std::string(silent) + "#SBATCH " + line + "\n";
    EXPECT_EQ(places_for(script), Texts{"SBATCH_ACCOUNT=shop"}) << line;
    EXPECT_EQ(dropped_beside(script), Texts{"SBATCH_PARTITION"}) << line;
  }
  EXPECT_EQ(places_for(std::string(silent) + "#SBATCH --profile=task\n# -p day\n").size(), 2U);
}

TEST_F(ClientEnvironment, ClustersAreThoseOfTheScriptThenOfTheEnvironment) {
  EXPECT_EQ(clusters_for(silent), "");
  const Variable of_all("SLURM_CLUSTERS", "a,b");
  EXPECT_EQ(places_for(silent), Texts{"SBATCH_CLUSTERS=a,b"});
  EXPECT_EQ(clusters_for(silent), "a,b");
  const Variable of_sbatch("SBATCH_CLUSTERS", "c");
  EXPECT_EQ(clusters_for(silent), "c");
  for (const char* line : {"--clusters=d", "--cluster d", "-M d", "-Md"}) {
    const std::string script = std::string(silent) + "#SBATCH " + line + "\n";
    EXPECT_EQ(clusters_for(script), "d") << line;
    EXPECT_EQ(places_for(script), Texts()) << line;
  }
}

TEST(Sbatch, IsKnownToHaveGotNoAnswerByItsWords) {
  const auto lacks = [](const char* words, int code = 1) {
    CommandResult result;
    result.code = code;
    result.error = words;
    return lacks_answer(result);
  };
  for (const char* words : {"Batch job submission failed: Socket timed out on send/recv operation",
                            "Batch job submission failed: Unable to contact slurm controller (connect failure)",
                            "Batch job submission failed: Zero Bytes were transmitted or received",
                            "Batch job submission failed: Connection timed out"}) {
    EXPECT_TRUE(lacks(words)) << words;
  }
  EXPECT_TRUE(lacks("", 137));
  EXPECT_FALSE(lacks("Socket timed out", 0));
  EXPECT_FALSE(lacks("sbatch: No such file or directory", 127));
  for (const char* words : {"Batch job submission failed: Invalid feature specification",
                            "invalid partition specified: x", "Job violates accounting/QOS policy"}) {
    EXPECT_FALSE(lacks(words)) << words;
  }
}

}  // namespace
}  // namespace rankwise::slurm
