#pragma once
// A small checkpoint whose content is a pure function of global row numbers, cut over any ranks.

#include "distributed/als/factor_matrix.hpp"
#include "io/model/checkpoint.hpp"
#include "tests/io/sample_files.hpp"

namespace rankwise {

inline FactorMatrix sample_factors(const Communicator& comm, Index rows, Index width) {
  FactorMatrix factors{Partition::by_count(rows, comm.size()), Matrix()};
  const RowRange mine = factors.partition.range(comm.rank());
  factors.local = Matrix(mine.size(), width);
  for (Index r = 0; r < mine.size(); ++r) {
    for (Index c = 0; c < width; ++c) factors.local.row(r)[c] = sample_factor(mine.begin + r, c);
  }
  return factors;
}

/// After two epochs and a half.
inline TrainingProgress sample_progress() {
  return {.history = {{3, 2, 1}, {2.5, 1.5, 1.25}}, .solved = SolvedSide::users, .user_regularizer = 0.5};
}

/// Collective over comm.
inline void write_sample_checkpoint(const Communicator& comm, const std::string& path, const SampleSize& size,
                                    Index width, const TrainingProgress& progress) {
  const FactorMatrix users = sample_factors(comm, size.users, width);
  const FactorMatrix items = sample_factors(comm, size.items, width);
  start_checkpoint(comm, comm, path, progress, {users.partition, users.local.view()},
                   {items.partition, items.local.view()}, sample_provenance())
      ->finish();
}

}  // namespace rankwise
