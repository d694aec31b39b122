#pragma once
// Brings the rows of a listed table to the ranks that own their ids.

#include <functional>
#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/rows/id_rows.hpp"
#include "distributed/tables/table.hpp"

namespace rankwise {

/// A table as it is wanted: one for each list of ids, in the order of these.
struct PlacedRows {
  std::vector<Table> tables = {};
  Index listed = 0;           ///< rows of the listed table
  Index placed = 0;           ///< of them, those of ids that are in a list
  Index ids_without_row = 0;  ///< of all lists; they have missing values
};

/// `listed` is read on the root alone, and travels column by column. Ids are the same if their texts are; no id is in
/// two lists. Collective over comm.
[[nodiscard]] PlacedRows place_rows(const Communicator& comm, const ListedTable& listed,
                                    const std::vector<std::reference_wrapper<const IdRows>>& ids);

}  // namespace rankwise
