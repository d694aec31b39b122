#pragma once
// Factor rows of a range, wherever they are, and the scores of all of them.

#include <algorithm>
#include <span>

#include "distributed/als/factor_matrix.hpp"
#include "distributed/comm/communicator.hpp"
#include "distributed/threads/team_size.hpp"
#include "kernels/base/matrix.hpp"
#include "kernels/base/types.hpp"
#include "kernels/ranking/score_block.hpp"

namespace rankwise {

/// The rows of a range, on every rank. Collective over comm.
[[nodiscard]] Matrix gather_rows(const Communicator& comm, const FactorMatrix& factors, RowRange rows);

/// Calls take(user, first_item, scores) for all items and all rows of `vectors`. Collective over comm.
template <class Take>
void for_each_scores(const Communicator& comm, const FactorMatrix& items, ConstMatrixView vectors, Take&& take) {
  constexpr Index items_per_read = 4096;
  const Index blocks = (vectors.rows + kernels::score_users - 1) / kernels::score_users;
  for (Index first = 0; first < items.partition.rows(); first += items_per_read) {
    const Matrix read = gather_rows(comm, items, {first, std::min(first + items_per_read, items.partition.rows())});
    const int threads =
        team_size(static_cast<double>(vectors.rows * read.rows()) * static_cast<double>(vectors.columns));
#pragma omp parallel num_threads(threads)
    {
      Matrix scores = kernels::score_buffer();
#pragma omp for schedule(dynamic)
      for (Index block = 0; block < blocks; ++block) {
        const Index first_user = block * kernels::score_users;
        const ConstMatrixView users =
            vectors.middle_rows(first_user, std::min(kernels::score_users, vectors.rows - first_user));
        for (Index begin = 0; begin < read.rows(); begin += kernels::score_items) {
          const Index count = std::min(kernels::score_items, read.rows() - begin);
          kernels::score_block(users, read.view().middle_rows(begin, count), scores.view());
          for (Index u = 0; u < users.rows; ++u)
            take(first_user + u, first + begin, std::span<const float>(scores.row(u), static_cast<std::size_t>(count)));
        }
      }
    }
  }
}

}  // namespace rankwise
