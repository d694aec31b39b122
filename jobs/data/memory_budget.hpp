#pragma once
// prepare within a given memory: large arrays are in scratch files beyond it.

#include <boost/program_options.hpp>
#include <functional>
#include <string>

#include "jobs/run/job.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

struct MemoryBudget {
  Index bytes = 0;      ///< of each rank; 0: as much as it takes
  std::string scratch;  ///< folder of the files; empty: $TMPDIR, or where the output goes
};

/// Adds --memory-budget and --scratch; `budget` outlives the parsing.
void add_memory_options(boost::program_options::options_description& options, MemoryBudget& budget);

/// Throws Error(usage) for a folder without a budget.
void require_sense(const MemoryBudget& budget);

/// Runs `body`, which writes `output`, within the budget, and reports what it took. Collective over context.comm, as
/// `body` is; throws AgreedError (usage, cannot_create, io_error), or Error(io_error) on a rank alone whose scratch
/// folder is full while others go on.
void within_budget(JobContext& context, const MemoryBudget& budget, const std::string& output,
                   const std::function<void()>& body);

}  // namespace rankwise
