#pragma once
// Which interactions are too far from their predictions, and what becomes of them.

#include <vector>

#include "io/dataset/dataset.hpp"
#include "jobs/denoise/denoise_settings.hpp"
#include "jobs/denoise/judgement.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

struct Findings {
  std::vector<JudgedPair> pairs;  ///< this rank's, ascending
  Index found = 0;                ///< over all ranks
  Index spared_users = 0;         ///< of whom all is too far: they keep everything, and it is not among the pairs
  Index spared_pairs = 0;
  /// Pairs that the validation part and the held-out part both have, too: one entry says what all parts make of such a
  /// pair together, and cannot be made anew without the log.
  Index spared_repeats = 0;
};

/// What is beyond the threshold. A user of whom nothing would be left keeps all, if it were dropped. Collective over
/// context.comm.
[[nodiscard]] Findings find_implausible(JobContext& context, const DenoiseOptions& options,
                                        const DatasetReader& dataset, const Judgement& judgement);

/// Writes them: columns user_id, item_id, value, prediction, z, percentile, reason; ascending by user and item. The
/// same bytes on any number of ranks. Collective over context.comm; throws AgreedError.
void write_findings(JobContext& context, const DenoiseOptions& options, const DatasetReader& dataset,
                    const Findings& findings);

/// Writes the dataset without them, or with smaller values of them; all else as in `dataset`. Its content digest.
/// Collective over context.comm; throws AgreedError.
std::uint64_t write_cleaned(JobContext& context, const DenoiseOptions& options, const DatasetReader& dataset,
                            const Findings& findings);

}  // namespace rankwise
