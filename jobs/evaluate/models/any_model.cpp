#include "jobs/evaluate/models/any_model.hpp"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "kernels/itemcf/nearest_items.hpp"

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

namespace {

/// Rows and columns of a model's weights by another dataset's items.
class WeightsElsewhere {
 public:
  WeightsElsewhere(const ItemModelReader& model, const MatchedItems& items)
      : model_(&model), model_rows_(items.model_rows), dataset_rows_(static_cast<std::size_t>(model.items()), -1) {
    for (std::size_t item = 0; item < model_rows_.size(); ++item) {
      if (model_rows_[item] >= 0) dataset_rows_[static_cast<std::size_t>(model_rows_[item])] = static_cast<Index>(item);
    }
  }

  /// Collective.
  SparseRows operator()(RowRange items) const {
    // 1. The items' rows in the model, in its order, some thousand at a time.
    std::vector<Index> wanted;
    for (Index item = items.begin; item < items.end; ++item) {
      const Index row = model_rows_[static_cast<std::size_t>(item)];
      if (row >= 0) wanted.push_back(row);
    }
    std::ranges::sort(wanted);
    std::vector<std::vector<Neighbour>> speakers(static_cast<std::size_t>(items.size()));
    for (auto next = wanted.begin(); next != wanted.end();) {
      constexpr Index rows_at_once = 16384;
      const auto end = std::ranges::lower_bound(next, wanted.end(), *next + rows_at_once);
      const SparseRows read = model_->item_weights({*next, *(end - 1) + 1});
      for (; next != end; ++next) {
        const Index item = dataset_rows_[static_cast<std::size_t>(*next)];
        speakers[static_cast<std::size_t>(item - items.begin)] = known_speakers(read, *next - read.rows.begin);
      }
    }
    // 2. As rows of the dataset's items.
    const auto total = static_cast<Index>(model_rows_.size());
    SparseRows rows{.rows = items, .total_rows = total, .column_count = total, .columns = {}, .values = {}};
    for (std::vector<Neighbour>& row : speakers) {
      for (const Neighbour& each : row) {
        rows.columns.push_back(each.item);
        rows.values.push_back(each.weight);
      }
      rows.offsets.push_back(std::ssize(rows.columns));
      row = {};
    }
    return rows;
  }

 private:
  /// Those that the dataset has, ascending by its items.
  [[nodiscard]] std::vector<Neighbour> known_speakers(const SparseRows& read, Index row) const {
    std::vector<Neighbour> known;
    for (Index e = read.offsets[static_cast<std::size_t>(row)]; e < read.offsets[static_cast<std::size_t>(row) + 1];
         ++e) {
      const Index item = dataset_rows_[static_cast<std::size_t>(read.columns[static_cast<std::size_t>(e)])];
      if (item >= 0) known.push_back({static_cast<LocalIndex>(item), read.values[static_cast<std::size_t>(e)]});
    }
    std::ranges::sort(known, {}, &Neighbour::item);
    return known;
  }

  const ItemModelReader* model_;
  std::vector<Index> model_rows_;
  std::vector<Index> dataset_rows_;  ///< of each item of the model; -1: the dataset does not have it
};

}  // namespace

ItemWeightBlocks item_model_weights(const ItemModelReader& model, const MatchedItems& items) {
  return {static_cast<Index>(items.model_rows.size()), model.weights(), WeightsElsewhere(model, items)};
}

AnyMatchedModel match_any_model(const Communicator& comm, const DatasetReader& dataset, const std::string& data_path,
                                const HeldoutRows& rows, const AnyModel& model, const std::string& model_path) {
  AnyMatchedModel matched;
  if (const ItemModelReader* items = model.items()) {
    if (is_own_dataset(dataset, items->record())) {
      matched.catalogue = item_model_catalogue(comm, *items);
      matched.items.emplace(MatchedItemModel{item_model_weights(*items), items->weighting()});
      return matched;
    }
    MatchedItems elsewhere = match_items(comm, dataset, data_path, *items, model_path);
    matched.counts = count_match(comm, dataset, rows, elsewhere, std::nullopt);
    matched.items.emplace(MatchedItemModel{item_model_weights(*items, elsewhere), items->weighting()});
    matched.catalogue = std::move(elsewhere.catalogue);
    return matched;
  }
  matched.factors = match_model(comm, dataset, data_path, rows, *model.factors(), model_path);
  matched.catalogue = matched.factors->catalogue;
  matched.counts = matched.factors->counts;
  return matched;
}

}  // namespace rankwise
