#include "slurm/batch/sbatch_file.hpp"

#include <gtest/gtest.h>

#include "kernels/base/error.hpp"

namespace rankwise::slurm {
namespace {

SbatchFile example() {
  SbatchFile file;
  file.job_name = "retrain";
  file.nodes = 4;
  file.tasks = 7;
  file.tasks_per_node = 2;
  file.cpus_per_task = 16;
  file.memory_mebibytes_per_node = 12'345;
  file.time_limit_seconds = 4 * 3600;
  file.comments = {"why"};
  file.command = {"rankwise", "als", "--data", "it's here/shop.h5"};
  return file;
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(SbatchFile, AsksForWhatItIsToldAndLaunchesByPmix) {
  const std::string text = sbatch_text(example());
  EXPECT_TRUE(text.starts_with("#!/bin/bash\n#SBATCH --job-name=retrain\n"));
  for (const char* line :
       {"#SBATCH --nodes=4\n", "#SBATCH --ntasks=7\n", "#SBATCH --ntasks-per-node=2\n", "#SBATCH --cpus-per-task=16\n",
        "#SBATCH --mem=12345M\n", "#SBATCH --time=04:00:00\n", "#SBATCH --open-mode=append\n", "#SBATCH --requeue\n",
        "#SBATCH --signal=USR2@120\n", "# why\n", "srun --mpi=pmix --kill-on-bad-exit=1 "}) {
    EXPECT_TRUE(holds(text, line)) << line << "\n" << text;
  }
  EXPECT_FALSE(holds(text, "--partition"));
  EXPECT_TRUE(holds(text, "rankwise als --data 'it'\\''s here/shop.h5'"));
}

TEST(SbatchFile, NamesAPartitionWhereOneIsGiven) {
  SbatchFile file = example();
  file.partition = "long";
  EXPECT_TRUE(holds(sbatch_text(file), "#SBATCH --partition=long\n"));
}

TEST(SbatchFile, NamesLogsInFoldersOfAnyName) {
  EXPECT_EQ(log_in("/a/100%", "%x_%a.log"), "/a/100%%/%x_%a.log");
  EXPECT_EQ(log_in("/a\\b", "%x_%a.log"), "/dev/null");  // where "%" would be literal
  EXPECT_THROW(require_scriptable("/a\nb"), Error);
  EXPECT_NO_THROW(require_scriptable("/a\\b \"'#"));
  SbatchFile file = example();
  file.folder = "/it's \"#1\" a\\b";
  EXPECT_TRUE(holds(sbatch_text(file), "#SBATCH --chdir=\"/it's \\\"#1\\\" a\\\\b\"\n"));
}

TEST(SbatchFile, DropsWhatTheSubmittersEnvironmentSaysToSteps) {
  const std::string text = sbatch_text(example());
  EXPECT_LT(text.find("unset SLURM_EXPORT_ENV"), text.find("srun --mpi=pmix"));
}

TEST(ShellWord, QuotesWhatAShellWouldTakeApart) {
  EXPECT_EQ(shell_word("data/shop-2.h5"), "data/shop-2.h5");
  EXPECT_EQ(shell_word(""), "''");
  EXPECT_EQ(shell_word("a b"), "'a b'");
  EXPECT_EQ(shell_word("$HOME;x"), "'$HOME;x'");
  EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
}

}  // namespace
}  // namespace rankwise::slurm
