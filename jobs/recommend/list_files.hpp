#pragma once
// The files of `recommend`: lists as lines of a CSV, or as an HDF5 file (docs/FORMATS.md).

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/rows/ids.hpp"
#include "io/dataset/blend_attributes.hpp"
#include "io/dataset/provenance.hpp"
#include "jobs/recommend/lists.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

inline constexpr std::string_view csv_header = "user,rank,item,score,source\n";

/// Ids as fields of a CSV, which are made once and not once an entry.
[[nodiscard]] std::vector<std::string> csv_fields(const Ids& ids);

/// A line per entry, best first; `item_fields` are those of all items. By all threads.
[[nodiscard]] std::string csv_text(const Lists& lists, std::span<const std::string> item_fields);

/// Writes all ranks' lists, in rank order; `served` counts them over all ranks. Collective over comm; throws
/// AgreedError (cannot_create, io_error).
void write_lists(const Communicator& comm, const std::string& path, const Lists& lists, const Served& served,
                 const Ids& item_ids, const Provenance& provenance, const BlendOrigin& blend, int deflate_level);

}  // namespace rankwise
