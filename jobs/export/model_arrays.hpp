#pragma once
// Models as arrays for other programs (docs/FORMATS.md).

#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "io/arrays/shared_array.hpp"
#include "io/model/item_model.hpp"
#include "io/model/model.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// users, items: factors; user_ids, item_ids; of a model with counts user_entries, item_entries; with biases
/// user_biases, item_biases; of ratings global_mean. `model` and `comm` outlive them. Collective over comm; throws
/// AgreedError(bad_data).
[[nodiscard]] std::vector<SharedArray> factor_arrays(const Communicator& comm, const ModelReader& model,
                                                     const std::string& path);

/// data, indices, indptr, shape, format: the weights as scipy.sparse.load_npz reads a matrix of its format csc, whose
/// column j has the items that speak for j; item_ids, item_entries. Likewise.
[[nodiscard]] std::vector<SharedArray> weight_arrays(const Communicator& comm, const ItemModelReader& model,
                                                     const std::string& path);

/// The items that lists can have, for a search by inner products.
struct SearchedItems {
  SharedArray vectors;  ///< factors, and behind them the bias if there are biases
  SharedArray labels;   ///< integer ids, else the item's row of the model
  bool labels_are_ids = false;
  Index left_out = 0;  ///< items without a training entry
};

/// Likewise.
[[nodiscard]] SearchedItems searched_items(const Communicator& comm, const ModelReader& model);

}  // namespace rankwise
