// The content digest of a sparse matrix (io/dataset.hpp).

#include <span>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "io/dataset.hpp"

namespace rankwise {

namespace {

/// Digest of one row: its number, columns and values, and its marks.
std::uint64_t row_digest(XXH3_state_t& state, const SparseRows& matrix, Index local_row) {
  const auto begin = static_cast<std::size_t>(matrix.offsets[static_cast<std::size_t>(local_row)]);
  const std::size_t size = static_cast<std::size_t>(matrix.offsets[static_cast<std::size_t>(local_row) + 1]) - begin;
  const Index row = matrix.rows.begin + local_row;
  const auto add = [&](const auto& all) {
    const auto some = std::span(all).subspan(begin, size);
    XXH3_64bits_update(&state, some.data(), some.size_bytes());
  };
  XXH3_64bits_reset(&state);
  XXH3_64bits_update(&state, &row, sizeof row);
  add(matrix.columns);
  add(matrix.values);
  if (matrix.times) add(*matrix.times);
  if (matrix.folds) add(*matrix.folds);
  return XXH3_64bits_digest(&state);
}

}  // namespace

std::uint64_t content_digest(const Communicator& comm, const SparseRows& matrix) {
  XXH3_state_t state;
  XXH3_INITSTATE(&state);
  std::uint64_t sum = 0;
  for (Index r = 0; r < matrix.rows.size(); ++r) sum += row_digest(state, matrix, r);
  return comm.sum(sum);
}

}  // namespace rankwise
