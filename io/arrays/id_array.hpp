#pragma once
// Ids as an array for NumPy.

#include <functional>
#include <string>

#include "distributed/comm/communicator.hpp"
#include "distributed/rows/ids.hpp"
#include "io/arrays/shared_array.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Integers as int64, texts as UTF-32 (`<U`), all as wide as the longest one. `read`: ids of rows, collective; it is
/// read twice, a block at a time. Collective over comm; throws AgreedError(bad_data) for a text that is not UTF-8;
/// `what` is for messages.
[[nodiscard]] SharedArray id_array(const Communicator& comm, std::string name, Index rows,
                                   const std::function<Ids(RowRange)>& read, const std::string& what);

}  // namespace rankwise
