#pragma once
// The items that rules of lists speak of, as a model numbers them.

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "distributed/rows/ids.hpp"
#include "io/dataset/dataset.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Items of a dataset, or a model's own. What it refers to outlives it.
struct ItemSpace {
  std::string_view owner;        ///< for messages: "dataset" or "model"
  const std::string& path;       ///< of the owner
  Index items = 0;               ///< of the owner
  std::function<Ids()> ids;      ///< of all of them; collective
  const DatasetReader* dataset;  ///< null: the model's own items, which have no table
  Index model_items = 0;
  std::span<const Index> model_rows = {};  ///< of each item, -1: the model does not know it; empty: the same rows
  Ids new_users = {};                      ///< that a log has beside those of the dataset

  [[nodiscard]] Index model_row(Index item) const {
    return model_rows.empty() ? item : model_rows[static_cast<std::size_t>(item)];
  }
};

/// The items of a dataset at `path`, in a model that has `model_items`; `new_users`: of a log beside it.
[[nodiscard]] inline ItemSpace items_of_dataset(const DatasetReader& dataset, const std::string& path,
                                                Index model_items, std::span<const Index> model_rows = {},
                                                Ids new_users = {}) {
  return {"dataset", path,        dataset.items(), [&dataset] { return dataset.item_ids({0, dataset.items()}).ids; },
          &dataset,  model_items, model_rows,      std::move(new_users)};
}

/// The items of a model at `path`, of factors or of items, without a dataset.
template <class Model>
[[nodiscard]] ItemSpace items_of_model(const Model& model, const std::string& path) {
  return {"model", path,         model.items(), [&model] { return model.item_ids({0, model.items()}).ids; },
          nullptr, model.items()};
}

}  // namespace rankwise
