#pragma once
// The files of `recommend`: lists as lines of a CSV, or as an HDF5 file (docs/FORMATS.md).

#include <string>
#include <string_view>

#include "distributed/comm/communicator.hpp"
#include "distributed/rows/ids.hpp"
#include "io/dataset/provenance.hpp"
#include "jobs/recommend/lists.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

inline constexpr std::string_view csv_header = "user,rank,item,score,source\n";

/// A line per entry, best first; `item_ids` are those of all items.
[[nodiscard]] std::string csv_text(const Lists& lists, const Ids& item_ids);

/// Writes all ranks' lists, in rank order; `served` counts them over all ranks. Collective over comm; throws
/// AgreedError (cannot_create, io_error).
void write_lists(const Communicator& comm, const std::string& path, const Lists& lists, const Served& served,
                 const Ids& item_ids, const Provenance& provenance, int deflate_level);

}  // namespace rankwise
