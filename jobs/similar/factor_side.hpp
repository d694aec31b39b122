#pragma once
// The users or the items of a model of factors, as vectors whose inner products say how similar they are.

#include "distributed/comm/communicator.hpp"
#include "distributed/ranking/catalogue.hpp"
#include "distributed/rows/ids.hpp"
#include "io/model/model.hpp"
#include "jobs/similar/similar_options.hpp"
#include "kernels/base/matrix.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// `model` outlives it. Reads are collective, as the model's are.
struct FactorSide {
  const ModelReader& model;
  RowSide side;
  SimilarityMeasure measure;

  [[nodiscard]] Index rows() const { return side == RowSide::users ? model.users() : model.items(); }
  [[nodiscard]] Ids ids(RowRange rows) const;
  /// Factors without biases, which say how high ratings are, not of what; for cosines divided by their lengths: each
  /// element is the float nearest to x_j / |x|, where |x| is the root of the sum of squares in double, in the order of
  /// the elements. Rows that are all zero stay so.
  [[nodiscard]] Matrix vectors(RowRange rows) const;
};

/// Which rows are known: they have entries of the training or features of a model that was trained with features, and a
/// factor that is not 0. Others are similar to nothing.
/// Entries are those of the training. Collective over comm.
[[nodiscard]] Catalogue known_rows(const Communicator& comm, const FactorSide& side);

}  // namespace rankwise
