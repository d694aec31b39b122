#pragma once
// Parts of a dataset's content digest (io/dataset/dataset.hpp), for who reads it in blocks of rows.

#include <cstdint>

#include "distributed/comm/communicator.hpp"
#include "distributed/log/dataset.hpp"

namespace rankwise {

/// Content digest of a sparse matrix: XXH3-64 over each row (its number, columns and values, and its times and folds
/// where it has any), summed modulo 2^64, hence the same for any partition. Collective over comm.
[[nodiscard]] std::uint64_t content_digest(const Communicator& comm, const SparseRows& matrix);

/// Digest of what trainings and folds are made of: of `interactions`, of `validation` if there is such a part, of
/// `log_rows` and the rules if there are any such rows, and of `orders` if there are some. Collective over comm.
[[nodiscard]] std::uint64_t content_digest(const Communicator& comm, const Dataset& dataset);

/// The sum modulo 2^64 of the digests of the rows that are here. Not collective.
[[nodiscard]] std::uint64_t sum_of_row_digests(const SparseRows& rows);
[[nodiscard]] std::uint64_t sum_of_row_digests(const LogRows& rows);

/// Of the matrices of a validation part: their content digests, 0 for one that is not there.
struct ValidationSums {
  std::uint64_t interactions = 0;
  std::uint64_t given = 0;
  std::uint64_t repeated = 0;
};
/// What they add.
[[nodiscard]] std::uint64_t validation_digest(const ValidationSums& sums);

/// Likewise of the orders that are here; and what orders add, by this sum over all ranks.
[[nodiscard]] std::uint64_t sum_of_order_digests(const Orders& orders);
[[nodiscard]] std::uint64_t orders_digest(std::uint64_t sum);

/// What the rules add, if there are log rows.
[[nodiscard]] std::uint64_t rules_digest(const MergeRules& rules);

/// The sum modulo 2^64 of a digest of each entry that is here: of its user, item, value, time and fold, whatever the
/// order of entries; hence a matrix and its transpose have the same. Not collective.
enum class RowsAre { users, items };
[[nodiscard]] std::uint64_t sum_of_entry_digests(const SparseRows& rows, RowsAre side);
[[nodiscard]] std::uint64_t sum_of_entry_digests(const LogRows& rows, RowsAre side);

}  // namespace rankwise
