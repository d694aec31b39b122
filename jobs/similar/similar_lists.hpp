#pragma once
// The nearest others of some rows: by their vectors, or by the weights of an item model.

#include "distributed/comm/communicator.hpp"
#include "distributed/ranking/catalogue.hpp"
#include "distributed/ranking/ranking.hpp"
#include "io/model/item_model.hpp"
#include "jobs/lists/list_filling.hpp"
#include "jobs/lists/list_values.hpp"
#include "jobs/similar/chosen_rows.hpp"
#include "jobs/similar/factor_side.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// The rows of a model of factors; what it refers to outlives it.
struct SimilarByFactors {
  const FactorSide& side;
  const Catalogue& known;           ///< known_rows()
  const RankableItems& candidates;  ///< of those that lists may have
};

/// The items of an item model; what it refers to outlives it.
struct SimilarByWeights {
  const ItemModelReader& model;
  const Catalogue& known;  ///< the model's
};

/// Lists of the chosen rows at this rank's `positions`: the candidates with the highest scores, ties to the lower row,
/// without the row itself; none for a row that is not known. Throws AgreedError(bad_data) for a score that is not
/// finite. Collective over comm.
[[nodiscard]] Lists similar_lists(const Communicator& comm, const ListInputs& inputs, const SimilarByFactors& model,
                                  const ChosenRows& chosen, RowRange positions);
/// Likewise; of an item's neighbours, which are the items that speak for it, those with a weight above 0.
[[nodiscard]] Lists similar_lists(const Communicator& comm, const ListInputs& inputs, const SimilarByWeights& model,
                                  const ChosenRows& chosen, RowRange positions);

}  // namespace rankwise
