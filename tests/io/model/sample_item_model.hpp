#pragma once
// An item model for tests of what happens to files.

#include "io/model/item_model.hpp"
#include "tests/io/sample_files.hpp"

namespace rankwise {

/// Item j is spoken for by the items whose distance from it is 1, 3 or 4.
inline ItemModel sample_item_model(const Communicator& comm, Index items, SampleIds kind) {
  ItemModel model;
  const RowRange mine = sample_range(comm, items);
  model.weighting = EntryWeighting::logarithm;
  model.users = 29;
  model.ids = sample_ids(mine, items, kind, "item ");
  model.entries = sample_entries(mine);
  model.weights = {.rows = mine, .total_rows = items, .column_count = items, .columns = {}, .values = {}};
  for (Index j = mine.begin; j < mine.end; ++j) {
    for (const Index i : {j - 4, j - 3, j - 1, j + 1, j + 3, j + 4}) {
      if (i < 0 || i >= items) continue;
      model.weights.columns.push_back(i);
      model.weights.values.push_back(sample_factor(j, i));
    }
    model.weights.offsets.push_back(static_cast<Index>(model.weights.columns.size()));
  }
  model.trained_on = TrainedOn::training_and_validation;
  model.last_training_seconds = 1'700'000'000;
  return model;
}

}  // namespace rankwise
