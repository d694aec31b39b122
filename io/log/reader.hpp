#pragma once
// Reads interaction logs: plain files, and gzip in blocks, by range on every rank, any other file by one rank.

#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/log/interaction_log.hpp"
#include "io/log/format.hpp"
#include "io/log/part_reader.hpp"

namespace rankwise {

/// Finds the files of the inputs (expand_inputs) and looks at the beginning of each, on the root. Collective over comm;
/// throws AgreedError (no_input, usage, bad_data, io_error).
[[nodiscard]] LogPlan plan_log(const Communicator& comm, const std::vector<std::string>& inputs,
                               const LogOptions& options);

/// All rows of the files, each on the rank that read it, by `threads` threads at most (the fewest of any rank). Blank
/// lines are passed over. Ids of a role are integers when all of them are canonical non-negative integers, else text.
/// Rows may hold line breaks inside quotes. Collective over comm; throws AgreedError (no_input, bad_data, io_error):
/// the earliest bad line of the earliest file, whatever the number of ranks.
[[nodiscard]] InteractionLog read_log(const Communicator& comm, const LogPlan& plan, int threads);

}  // namespace rankwise
