#pragma once
// Lists as an HDF5 file (docs/FORMATS.md).

#include <span>
#include <string>

#include "distributed/comm/communicator.hpp"
#include "distributed/rows/ids.hpp"
#include "distributed/tables/table.hpp"
#include "io/dataset/blend_attributes.hpp"
#include "io/dataset/provenance.hpp"
#include "jobs/recommend/lists.hpp"

namespace rankwise {

/// Writes all ranks' lists, in rank order; `served` counts them over all ranks; `columns` are beside the items, each
/// with a value of each item. Collective over comm; throws AgreedError (cannot_create, io_error).
void write_lists(const Communicator& comm, const std::string& path, const Lists& lists, const Served& served,
                 const Ids& item_ids, std::span<const TableColumn> columns, const Provenance& provenance,
                 const BlendOrigin& blend, int deflate_level);

}  // namespace rankwise
