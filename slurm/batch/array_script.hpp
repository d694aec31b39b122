#pragma once
// The batch script of one job of a submission: an array whose tasks run one item or several.

#include <string>

#include "slurm/work/scheduler.hpp"
#include "slurm/work/submission_records.hpp"

namespace rankwise::slurm {

/// The script of `job`, a part of `submission`, for a scheduler's folder (an absolute path). It may be submitted by
/// hand: it notes begin and end of every item as attempts.hpp has them, passes by what has ended in this job before,
/// hands the signal before the time limit on to what runs, and goes back into the queue where an item ended with 75.
/// `dependency` as #SBATCH has it, or empty. Pure but for the working directory, which becomes the job's.
[[nodiscard]] std::string array_script(const Submission& submission, const Job& job, const std::string& folder,
                                       const std::string& dependency);

/// The #SBATCH lines of a script that asks for this, and for one processor: what such lines say of its place. Pure.
[[nodiscard]] std::string request_text(const BatchRequest& batch);

}  // namespace rankwise::slurm
