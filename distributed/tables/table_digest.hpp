#pragma once
// A table's content as one number, however its rows are spread over ranks.

#include <cstdint>

#include "distributed/comm/communicator.hpp"
#include "distributed/tables/table.hpp"

namespace rankwise {

/// The sum of the rows' digests, of this rank's rows: XXH3-64 of the row's number (int64) and its values: codes
/// (int32), numbers (float64), texts and a NUL.
[[nodiscard]] std::uint64_t sum_of_row_digests(const Table& table);

/// XXH3-64 of the columns' types and names and of all categories, a NUL behind each.
[[nodiscard]] std::uint64_t columns_digest(const Table& table);

/// The sum of both, over all ranks. Collective over comm.
[[nodiscard]] std::uint64_t table_digest(const Communicator& comm, const Table& table);

}  // namespace rankwise
