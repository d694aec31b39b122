#pragma once
// Reads interaction logs: plain files by byte range on every rank, each gzip file by one rank.

#include <string>
#include <vector>

#include "distributed/communicator.hpp"
#include "io/interaction_log.hpp"
#include "io/log_format.hpp"

namespace rankwise {

/// All rows of `paths`, each on the rank that read it. Blank lines are passed over. Ids of a role are integers when all
/// of them are canonical non-negative integers, else text. Collective over comm; throws AgreedError (no_input, usage,
/// bad_data, io_error): the earliest bad line of the earliest file, whatever the number of ranks.
[[nodiscard]] InteractionLog read_log(const Communicator& comm, const std::vector<std::string>& paths,
                                      const LogOptions& options);

}  // namespace rankwise
