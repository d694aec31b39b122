#include "jobs/recommend/model_items.hpp"

#include <fmt/format.h>
#include <type_traits>
#include <utility>
#include <vector>

#include "distributed/als/described_rows.hpp"
#include "distributed/ranking/popular_items.hpp"
#include "distributed/rows/partition.hpp"
#include "jobs/run/dataset_shelf.hpp"
#include "kernels/base/error.hpp"
#include "kernels/text/counted.hpp"

namespace rankwise {

namespace {

template <class Model>
std::optional<MatchedItems> matched_elsewhere(const RecommendOptions& options, JobContext& context,
                                              const DatasetReader& dataset, const Model& model,
                                              const std::string& path) {
  if (is_own_dataset(dataset, model.record())) return std::nullopt;
  const Communicator& comm = context.comm;
  MatchedItems matched = match_items(comm, dataset, options.data, model, path);
  const RowRange mine = Partition::by_count(dataset.items(), comm.size()).range(comm.rank());
  const std::vector<Index> entries = dataset.row_sizes(DatasetPart::interactions_by_item, mine);
  Index unknown = 0;
  for (Index item = mine.begin; item < mine.end; ++item) {
    if (matched.model_rows[static_cast<std::size_t>(item)] < 0)
      unknown += entries[static_cast<std::size_t>(item - mine.begin)];
  }
  unknown = comm.sum(unknown);
  Report& report = context.report;
  tell_difference(report, dataset, options.data, model.record(), path);
  report.line(fmt::format(
      "{} knows {} of {} of {}: no list has the others, and {} leaves out {} of {}; {} of the "
      "model {} not in {}, and no list has {}",
      path, matched.known, counted(dataset.items(), "item"), options.data,
      std::is_same_v<Model, ModelReader> ? "fold-in" : "the model", unknown,
      counted(dataset.entries(DatasetPart::interactions), "interaction"), counted(matched.elsewhere, "item"),
      verb(matched.elsewhere, "is", "are"), options.data, verb(matched.elsewhere, "it", "them")));
  report.event("matched_items", {{"items", dataset.items()},
                                 {"known_items", matched.known},
                                 {"items_elsewhere", matched.elsewhere},
                                 {"unknown_entries", unknown}});
  return matched;
}

}  // namespace

std::optional<MatchedItems> match_other_dataset(const RecommendOptions& options, JobContext& context,
                                                const DatasetReader& dataset, const ModelReader& model,
                                                const std::string& path) {
  return matched_elsewhere(options, context, dataset, model, path);
}

std::optional<MatchedItems> match_other_dataset(const RecommendOptions& options, JobContext& context,
                                                const DatasetReader& dataset, const ItemModelReader& model,
                                                const std::string& path) {
  return matched_elsewhere(options, context, dataset, model, path);
}

ItemStorage storage_of(const ModelReader& model) {
  return item_storage(model.items(), model.factors() + 1);
}

Catalogue read_catalogue(const RecommendOptions& options, const JobContext& context, const ModelReader& model,
                         const std::optional<MatchedItems>& matched) {
  const RowRange mine = Partition::by_count(model.items(), context.comm.size()).range(context.comm.rank());
  if (matched) {
    std::vector<Index> entries(static_cast<std::size_t>(mine.size()));
    for (std::size_t item = 0; item < matched->model_rows.size(); ++item) {
      const Index row = matched->model_rows[item];
      if (row < mine.begin || row >= mine.end) continue;
      entries[static_cast<std::size_t>(row - mine.begin)] = matched->catalogue.entries[item];
    }
    return make_catalogue(context.comm, model.users(), entries);
  }
  if (model.has_entry_counts()) {
    const std::vector<Index> entries = model.item_entries(mine);
    std::vector<std::uint8_t> is_described;
    if (model.item_features()) is_described = described_rows(model.item_factors(mine).view(), entries);
    return make_catalogue(context.comm, model.users(), entries, is_described);
  }
  const auto trained = open_dataset(context, options.data, model.trained_fold(), model.trained_on());
  return make_catalogue(context.comm, model.users(), trained->row_sizes(DatasetPart::interactions_by_item, mine));
}

Catalogue offered_catalogue(Catalogue catalogue, const RecommendOptions& options, const ItemRules& rules) {
  if (rules.offered.empty()) return catalogue;
  Catalogue offered = offering(std::move(catalogue), rules.offered);
  if (!offered.by_popularity.empty()) return offered;
  throw AgreedError(ExitCode::bad_data, fmt::format("{}: none of the items that are left has a training entry of {}; "
                                                    "expected at least one that lists can have",
                                                    options.rules.choosing(), options.model.text()));
}

}  // namespace rankwise
