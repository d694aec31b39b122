#pragma once
// Lists of recommend as they are read: whose, and which items are in each.

#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/rows/id_rows.hpp"
#include "io/hdf5/input_check.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// This rank's lists, users by count.
struct ListedItems {
  IdRows users;
  IdRows items;                ///< of all lists here, one after the other
  std::vector<Index> offsets;  ///< users + 1, local
};

/// From an HDF5 file of recommend. Local; throws Error (no_input; bad_data: no such file, or not consistent).
[[nodiscard]] ListedItems read_listed_items(const Communicator& comm, const std::string& path, InputCheck check);

}  // namespace rankwise
