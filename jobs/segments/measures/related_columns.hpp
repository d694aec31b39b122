#pragma once
// Columns of customers that have totals in common, so that the numbers of both would give hidden ones back.

#include <cstdint>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Of this rank's customers a code each, from 0 to `values`; the last one: not known.
struct CodedColumn {
  std::vector<std::int32_t> codes;
  Index values = 0;
};

/// How the values of two columns lie to each other.
struct ColumnRelation {
  bool shares_totals = false;  ///< some values of one, not all, have together the customers of some values of the other
  bool shares_unknown = false;  ///< the same customers have no value in both
};

/// Both columns are of the same customers; values of nobody are no matter. That the same customers have no value does
/// not count as a common total. Collective over comm.
[[nodiscard]] ColumnRelation relation_of(const Communicator& comm, const CodedColumn& one, const CodedColumn& other);

}  // namespace rankwise
