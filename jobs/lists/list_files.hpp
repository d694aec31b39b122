#pragma once
// Lists as an HDF5 file (docs/FORMATS.md).

#include <cstdint>
#include <span>
#include <string>

#include "distributed/comm/communicator.hpp"
#include "distributed/rows/ids.hpp"
#include "distributed/tables/table.hpp"
#include "io/dataset/blend_attributes.hpp"
#include "io/dataset/provenance.hpp"
#include "jobs/lists/list_values.hpp"

namespace rankwise {

/// Where the segments of users come from: attributes `segments-file` and `segments-digest` of the root group.
struct SegmentsOrigin {
  std::string file = {};  ///< without its folder; empty: there are no segments
  std::uint64_t digest = 0;
};

/// What a file of lists holds beside them.
struct ListFileParts {
  ListKind kind = ListKind::recommendations;
  const Ids& item_ids;                        ///< of whatever entries are
  std::span<const TableColumn> columns = {};  ///< beside entries, each with a value of each item
  const Provenance& provenance;
  const BlendOrigin& blend;
  SegmentsOrigin segments = {};
  bool has_segment_column = false;  ///< Lists::segments beside the owners' ids
  int deflate_level = 0;
};

/// Writes all ranks' lists, in rank order. Collective over comm; throws AgreedError (cannot_create, io_error).
void write_lists(const Communicator& comm, const std::string& path, const Lists& lists, const ListFileParts& parts);

}  // namespace rankwise
