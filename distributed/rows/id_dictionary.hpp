#pragma once
// The distributed dictionary: every distinct id gets its global index, in ascending order of the ids.

#include <cstdint>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/rows/id_column.hpp"
#include "distributed/rows/id_rows.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

struct IdDictionary {
  IdRows rows;                      ///< this rank's contiguous part of the sorted ids
  std::vector<std::int32_t> index;  ///< the global index of each local record's id
};

/// Integers ascend numerically, texts bytewise. The numbering does not depend on the number of ranks or on which rank
/// holds which records. By sample sort: only distinct ids travel, each once per rank that holds it, and no rank holds
/// them all. Collective over comm; the column is of the same kind on every rank (agree_on_kind). Throws
/// AgreedError(bad_data) if all ranks together have more than most_distinct_ids.
[[nodiscard]] IdDictionary build_id_dictionary(const Communicator& comm, IdColumn column);

}  // namespace rankwise
