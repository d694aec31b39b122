#include "jobs/similar/factor_side.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "distributed/kmeans/feature_scaling.hpp"
#include "distributed/rows/partition.hpp"
#include "jobs/similar/chosen_rows.hpp"

namespace rankwise {

namespace {

Matrix without_last_column(const Matrix& factors) {
  Matrix narrower(factors.rows(), factors.columns() - 1);
  for (Index r = 0; r < factors.rows(); ++r) std::copy_n(factors.row(r), narrower.columns(), narrower.row(r));
  return narrower;
}

}  // namespace

Ids FactorSide::ids(RowRange rows) const {
  return side == RowSide::users ? model.user_ids(rows).ids : model.item_ids(rows).ids;
}

Matrix FactorSide::vectors(RowRange rows) const {
  Matrix factors = side == RowSide::users ? model.user_factors(rows) : model.item_factors(rows);
  if (model.objective().biases) factors = without_last_column(factors);
  if (measure == SimilarityMeasure::cosine) normalize_rows(factors.view());
  return factors;
}

Catalogue known_rows(const Communicator& comm, const FactorSide& side) {
  const RowRange mine = Partition::by_count(side.rows(), comm.size()).range(comm.rank());
  const bool are_users = side.side == RowSide::users;
  std::vector<Index> entries = are_users ? side.model.user_entries(mine) : side.model.item_entries(mine);
  const bool has_features = (are_users ? side.model.user_features() : side.model.item_features()).has_value();
  std::vector<std::uint8_t> is_described(has_features ? entries.size() : 0);
  ChosenRows(side.rows()).for_each_block(comm, mine, [&](RowRange block, std::span<const Index>) {
    const Matrix vectors = side.vectors(block);
    for (Index r = 0; r < block.size(); ++r) {
      const bool is_zero = std::ranges::all_of(vectors.view().row_span(r), [](float value) { return value == 0; });
      const auto row = static_cast<std::size_t>(block.begin + r - mine.begin);
      if (has_features && entries[row] == 0 && !is_zero) is_described[row] = 1;
      if (is_zero) entries[row] = 0;
    }
  });
  return make_catalogue(comm, side.rows(), entries, is_described);
}

}  // namespace rankwise
