#pragma once
// Lists on their way into a text, some at a time, so that they need little memory.

#include <functional>
#include <string_view>

#include "distributed/rows/partition.hpp"
#include "jobs/lists/list_text.hpp"
#include "jobs/lists/list_values.hpp"
#include "jobs/lists/text_sink.hpp"
#include "jobs/run/job.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Makes this rank's part of the lists from `first` on that `rows` parts. Collective.
using MakeLists = std::function<Lists(Index first, const Partition& rows)>;

/// So many lists, for the progress bar `owners`.
struct ListRounds {
  Index count = 0;
  Index at_a_time = 1;  ///< of a rank
  std::string_view owners;
};

/// Appends all lists to the sink in their order; each part goes to take() too. Collective over context.comm.
void append_rounds(JobContext& context, const ListRounds& rounds, const MakeLists& make, const ListText& text,
                   TextSink& sink, const std::function<void(const Lists&)>& take);

}  // namespace rankwise
