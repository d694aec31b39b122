#pragma once
// What is said of lists of similar rows once they are written.

#include <string_view>

#include "distributed/comm/communicator.hpp"
#include "jobs/lists/list_values.hpp"
#include "jobs/run/job.hpp"
#include "jobs/similar/similar_options.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// What was written; over all ranks once summed.
struct SimilarCounts {
  Index lists = 0;  ///< of rows that were chosen, also empty ones
  Index entries = 0;
  Index unknown = 0;      ///< lists of rows without interactions
  Index short_lists = 0;  ///< with fewer entries than asked for, but some
  Index empty_lists = 0;  ///< of the others
  Index short_by_quota = 0;
  Index short_by_min_score = 0;
  Index empty_by_min_score = 0;

  void add(const Lists& part);
  /// Collective over comm.
  [[nodiscard]] SimilarCounts sum(const Communicator& comm) const;
};

/// Rows of the model, and how many of them are known.
struct RowCounts {
  Index rows = 0;
  Index known = 0;
};

/// Lines, warnings and the event `similar`. `none_left`: why a list without rules ends early.
void tell_similar(JobContext& context, const SimilarOptions& options, const SimilarCounts& counts,
                  const RowCounts& rows, std::string_view none_left);

}  // namespace rankwise
