#pragma once
// A model of either kind, of factors or of items, as an evaluation takes it.

#include <optional>
#include <string>
#include <variant>

#include "distributed/comm/communicator.hpp"
#include "distributed/evaluation/heldout_rows.hpp"
#include "distributed/itemcf/item_scores.hpp"
#include "distributed/ranking/catalogue.hpp"
#include "io/dataset/dataset.hpp"
#include "io/model/item_model.hpp"
#include "io/model/model.hpp"
#include "jobs/evaluate/models/matched_model.hpp"

namespace rankwise {

/// A model file, whose kind the file itself says. Construction is collective over comm and throws AgreedError.
class AnyModel {
 public:
  AnyModel(const Communicator& comm, const std::string& path, InputCheck check);

  [[nodiscard]] const TrainingRecord& record() const;
  [[nodiscard]] bool compares() const;
  /// Whether values can be predicted, not only orders of items.
  [[nodiscard]] bool predicts_ratings() const;
  /// The model, if it is of this kind; else null.
  [[nodiscard]] const ModelReader* factors() const { return std::get_if<ModelReader>(&reader_); }
  [[nodiscard]] const ItemModelReader* items() const { return std::get_if<ItemModelReader>(&reader_); }

 private:
  std::variant<ModelReader, ItemModelReader> reader_;
};

/// An item model over the items of a dataset.
struct MatchedItemModel {
  ItemWeightBlocks weights;
  EntryWeighting weighting;
};

/// A model over the users and items of a dataset.
struct AnyMatchedModel {
  std::optional<MatchedModel> factors;
  std::optional<MatchedItemModel> items;
  Catalogue catalogue;                ///< of the model's training: which items its lists can have
  std::optional<MatchCounts> counts;  ///< of another dataset than the model's own
};

/// See match_model. An item model has no users, and scores items by whatever users have in the dataset; those of
/// another dataset are matched by ids. Throws AgreedError(bad_data): see match_items. `model` outlives the result.
/// Collective over comm.
[[nodiscard]] AnyMatchedModel match_any_model(const Communicator& comm, const DatasetReader& dataset,
                                              const std::string& data_path, const HeldoutRows& rows,
                                              const AnyModel& model, const std::string& model_path);

/// Which items an item model was trained on. Collective over comm.
[[nodiscard]] Catalogue item_model_catalogue(const Communicator& comm, const ItemModelReader& model);
/// Its weights, read from the file. `model` outlives them.
[[nodiscard]] ItemWeightBlocks item_model_weights(const ItemModelReader& model);
/// Likewise over the items of a dataset that it was not trained on: items that the model does not know neither speak
/// nor are scored, and those that the dataset does not have are left out. Of the items of a block, their rows of the
/// model are read in the model's order.
[[nodiscard]] ItemWeightBlocks item_model_weights(const ItemModelReader& model, const MatchedItems& items);

}  // namespace rankwise
