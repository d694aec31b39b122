#pragma once
// The items of a dataset, as a model numbers them.

#include <span>
#include <string>

#include "io/dataset/dataset.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// What it refers to outlives it.
struct ItemSpace {
  const DatasetReader& dataset;
  const std::string& data_path;
  Index model_items = 0;
  std::span<const Index> model_rows = {};  ///< of each item of the dataset, -1: unknown; empty: the same rows

  [[nodiscard]] Index model_row(Index item) const {
    return model_rows.empty() ? item : model_rows[static_cast<std::size_t>(item)];
  }
};

}  // namespace rankwise
