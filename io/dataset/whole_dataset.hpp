#pragma once
// A dataset file as a value, to be changed and written again.

#include "distributed/comm/communicator.hpp"
#include "distributed/log/dataset.hpp"
#include "io/dataset/dataset.hpp"

namespace rankwise {

/// All that the file holds: every matrix and id partitioned by count, times and folds of entries, rules and figures.
/// `reader` shows the file itself, no fold and no joined parts. Throws AgreedError as DatasetReader's reads, and
/// bad_data for a file of format-version 1, which does not hold all that is written today. Collective over comm.
[[nodiscard]] Dataset read_whole_dataset(const Communicator& comm, const DatasetReader& reader);

}  // namespace rankwise
