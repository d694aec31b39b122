#include "distributed/ranking/boosted_vectors.hpp"

#include <algorithm>
#include <utility>

namespace rankwise {

namespace {

Matrix with_column(ConstMatrixView rows) {
  Matrix wider(rows.rows, rows.columns + 1);
  for (Index r = 0; r < rows.rows; ++r) std::ranges::copy(rows.row_span(r), wider.row(r));
  return wider;
}

}  // namespace

Matrix boosted_users(ConstMatrixView users) {
  Matrix vectors = with_column(users);
  for (Index r = 0; r < vectors.rows(); ++r) vectors.row(r)[users.columns] = 1.0F;
  return vectors;
}

ItemVectors boosted_items(ItemVectors vectors, std::span<const float> boosts) {
  if (boosts.empty()) return vectors;
  return [vectors = std::move(vectors), boosts](RowRange items) {
    const Matrix plain = vectors(items);
    Matrix wider = with_column(plain.view());
    for (Index r = 0; r < wider.rows(); ++r) {
      wider.row(r)[plain.columns()] = boosts[static_cast<std::size_t>(items.begin + r)];
    }
    return wider;
  };
}

}  // namespace rankwise
