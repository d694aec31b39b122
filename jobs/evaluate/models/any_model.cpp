#include "jobs/evaluate/models/any_model.hpp"

#include <fmt/format.h>
#include <span>
#include <utility>

namespace rankwise {

namespace {

std::variant<ModelReader, ItemModelReader> open(const Communicator& comm, const std::string& path, InputCheck check) {
  if (is_item_model(comm, path)) return ItemModelReader(comm, path, check);
  return ModelReader(comm, path, check);
}

}  // namespace

AnyModel::AnyModel(const Communicator& comm, const std::string& path, InputCheck check)
    : reader_(open(comm, path, check)) {}

const TrainingRecord& AnyModel::record() const {
  return std::visit([](const auto& reader) -> const TrainingRecord& { return reader.record(); }, reader_);
}

bool AnyModel::compares() const {
  return std::visit([](const auto& reader) { return reader.compares(); }, reader_);
}

bool AnyModel::predicts_ratings() const {
  return factors() != nullptr && factors()->objective().loss == LossKind::explicit_feedback;
}

Catalogue item_model_catalogue(const Communicator& comm, const ItemModelReader& model) {
  const RowRange mine = Partition::by_count(model.items(), comm.size()).range(comm.rank());
  return make_catalogue(comm, model.record().users, model.item_entries(mine));
}

ItemWeightBlocks item_model_weights(const ItemModelReader& model) {
  return {model.items(), model.weights(), [&model](RowRange items) { return model.item_weights(items); }};
}

void require_own_dataset(const DatasetReader& dataset, const std::string& data_path, const ItemModelReader& model,
                         const std::string& model_path) {
  if (is_own_dataset(dataset, model.record())) return;
  throw AgreedError(ExitCode::bad_data,
                    fmt::format("{} was trained on another dataset than {}; expected the dataset of its training: "
                                "an item model serves and is measured on that alone",
                                model_path, data_path));
}

AnyMatchedModel match_any_model(const Communicator& comm, const DatasetReader& dataset, const std::string& data_path,
                                const HeldoutRows& rows, const AnyModel& model, const std::string& model_path) {
  AnyMatchedModel matched;
  if (const ItemModelReader* items = model.items()) {
    require_own_dataset(dataset, data_path, *items, model_path);
    matched.catalogue = item_model_catalogue(comm, *items);
    matched.items.emplace(MatchedItemModel{item_model_weights(*items), items->weighting()});
    return matched;
  }
  matched.factors = match_model(comm, dataset, data_path, rows, *model.factors(), model_path);
  matched.catalogue = matched.factors->catalogue;
  matched.counts = matched.factors->counts;
  return matched;
}

}  // namespace rankwise
