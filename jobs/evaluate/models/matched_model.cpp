#include "jobs/evaluate/models/matched_model.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <span>
#include <sstream>
#include <utility>

#include "distributed/als/described_rows.hpp"
#include "distributed/als/fold_in.hpp"
#include "distributed/als/half_sweep.hpp"
#include "distributed/als/matched_start.hpp"
#include "distributed/rows/id_matching.hpp"
#include "distributed/rows/select_rows.hpp"
#include "jobs/evaluate/models/user_features.hpp"
#include "kernels/text/counted.hpp"
#include "kernels/text/shown_text.hpp"

namespace rankwise {

namespace {

/// The lines of a configuration that another one does not have, as one text.
std::string settings_beside(const std::string& configuration, const std::string& other) {
  const auto lines_of = [](const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream rest(text);
    for (std::string line; std::getline(rest, line);) lines.push_back(line);
    return lines;
  };
  const std::vector<std::string> others = lines_of(other);
  std::vector<std::string> own = lines_of(configuration);
  std::erase_if(own, [&](const std::string& line) { return std::ranges::find(others, line) != others.end(); });
  return fmt::format("{}", fmt::join(own, ", "));
}

/// What is wrong with a model's numbers is said with its name.
template <class Step>
Matrix naming(const std::string& model_path, Step&& step) {
  try {
    return step();
  } catch (const AgreedError& error) {
    throw AgreedError(error.code(), fmt::format("{}: {}", model_path, error.what()));
  }
}

/// Fold-in whose errors name the model. Collective.
Matrix fold_in_users(const Communicator& comm, const ModelReader& model, const std::string& model_path,
                     const Partition& users, const SparseRows& histories, const AlsFactors& items, const char* name) {
  return naming(model_path, [&] { return fold_in(comm, model.objective(), users, histories, items, name); });
}

/// All of the model's item rows, each rank with its part. Collective.
FactorMatrix read_items(const Communicator& comm, const ModelReader& model) {
  const Partition rows = Partition::by_count(model.items(), comm.size());
  return {rows, model.item_factors(rows.range(comm.rank()))};
}

/// Users that are held out whole, by what is given of them and by their features, if the model has such. Collective.
void fold_in_heldout(const Communicator& comm, const DatasetReader& dataset, const std::string& data_path,
                     const HeldoutRows& rows, const ModelReader& model, const std::string& model_path,
                     const AlsFactors& items, MatchedModel& matched) {
  if (!model.user_features()) {
    matched.users = fold_in_users(comm, model, model_path, rows.partition, rows.seen, items, "held-out user");
    return;
  }
  const ModelFeatures& features = *model.user_features();
  const FeatureRows of_users = read_user_features(comm, dataset, data_path, features.map, rows.partition,
                                                  model.trained_fold() ? 0 : dataset.training_users());
  matched.users = naming(model_path, [&] {
    return fold_in_described(comm, model.objective(), rows.partition, rows.seen, items, "held-out user", of_users,
                             features.weights.view());
  });
  matched.described_users = of_users.is_described;
}

MatchedModel match_own_dataset(const Communicator& comm, const DatasetReader& dataset, const std::string& data_path,
                               const HeldoutRows& rows, const ModelReader& model, const std::string& model_path) {
  FactorMatrix items = read_items(comm, model);
  const RowRange my_items = items.partition.range(comm.rank());
  const std::vector<Index> entries = dataset.row_sizes(DatasetPart::interactions_by_item, my_items);
  std::vector<std::uint8_t> described_items;
  if (model.item_features()) described_items = described_rows(items.local.view(), entries);
  Catalogue catalogue = make_catalogue(comm, dataset.users(), entries, described_items);
  MatchedModel matched{model.objective(), {}, {}, std::move(catalogue), {}};
  if (!dataset.has(DatasetPart::given)) {
    const RowRange my_users = rows.partition.range(comm.rank());
    matched.users = model.user_factors(my_users);
    if (model.user_features())
      matched.described_users = described_rows(std::as_const(matched.users).view(), model.user_entries(my_users));
    matched.items = std::move(items);
    return matched;
  }
  AlsFactors fixed = with_trained_gramian(comm, model.objective(), std::move(items), described_items);
  fold_in_heldout(comm, dataset, data_path, rows, model, model_path, fixed, matched);
  matched.items = std::move(fixed.factors);
  return matched;
}

/// On how many users with held-out interactions the model was trained, of this rank's. Collective.
Index count_known_users(const Communicator& comm, const DatasetReader& dataset, const ModelReader& model,
                        const HeldoutRows& rows) {
  const RowRange mine = rows.partition.range(comm.rank());
  const IdRows ids = dataset.has(DatasetPart::given) ? dataset.heldout_user_ids(mine) : dataset.user_ids(mine);
  const Partition held = Partition::by_count(model.users(), comm.size());
  const RowRange known = held.range(comm.rank());
  const std::vector<Index> found = find_trained_rows(comm, ids, model.user_ids(known), held, model.user_entries(known));
  Index users = 0;
  for (Index r = 0; r < mine.size(); ++r) {
    if (found[static_cast<std::size_t>(r)] >= 0 && !row_columns(rows.heldout, r).empty()) ++users;
  }
  return users;
}

MatchedModel match_other_dataset(const Communicator& comm, const DatasetReader& dataset, const std::string& data_path,
                                 const HeldoutRows& rows, const ModelReader& model, const std::string& model_path) {
  // 1. Which items the model knows.
  MatchedItems matched = match_items(comm, dataset, data_path, model, model_path);

  // 2. Users are folded in among the model's items, all of them: those that the dataset does not have count as not
  //    bought, as they did in the training.
  const SparseRows histories = renumber_columns(rows.seen, matched.model_rows, model.items());
  const AlsFactors fixed = read_fixed_items(comm, model);
  Matrix users = fold_in_users(comm, model, model_path, rows.partition, histories, fixed, "user");
  const MatchCounts counts =
      count_match(comm, dataset, rows, matched, comm.sum(count_known_users(comm, dataset, model, rows)));

  // 3. The dataset's items.
  const Partition item_rows = Partition::by_count(dataset.items(), comm.size());
  const RowRange mine = item_rows.range(comm.rank());
  const std::span<const Index> wanted =
      std::span<const Index>(matched.model_rows)
          .subspan(static_cast<std::size_t>(mine.begin), static_cast<std::size_t>(mine.size()));
  FactorMatrix items{item_rows, fetch_rows(comm, fixed.factors, wanted)};
  return {model.objective(), std::move(users), std::move(items), std::move(matched.catalogue), counts};
}

}  // namespace

AlsFactors read_fixed_items(const Communicator& comm, const ModelReader& model) {
  FactorMatrix items = read_items(comm, model);
  std::vector<std::uint8_t> is_described;
  if (model.item_features())
    is_described = described_rows(items.local.view(), model.item_entries(items.partition.range(comm.rank())));
  return with_trained_gramian(comm, model.objective(), std::move(items), is_described);
}

bool is_own_dataset(const DatasetReader& dataset, const TrainingRecord& model) {
  const Index users = model.trained_on == TrainedOn::all ? dataset.all_users() : dataset.training_users();
  return model.provenance.dataset_digest == dataset.provenance().dataset_digest && model.users == users &&
         model.items == dataset.items();
}

void tell_difference(Report& report, const DatasetReader& dataset, const std::string& data_path,
                     const TrainingRecord& model, const std::string& model_path) {
  const std::string& trained = model.dataset_configuration;
  const std::string& given = dataset.provenance().configuration;
  const std::string of_model = settings_beside(trained, given);
  const std::string of_data = settings_beside(given, trained);
  const auto in_brackets = [](const std::string& settings) {
    return settings.empty() ? std::string() : fmt::format(" ({})", settings);
  };
  std::string text =
      fmt::format("{} users and {} items{}, and {} has {} and {}{}", model.users, model.items, in_brackets(of_model),
                  data_path, dataset.users(), dataset.items(), in_brackets(of_data));
  if (!trained.empty() && of_model.empty() && of_data.empty())
    text += ", prepared with the same options from other rows";
  report.line(fmt::format("{} was trained on another dataset than {}: its own has {}", model_path, data_path, text));
}

namespace {

/// What a model of either kind knows of its items.
struct KnownItems {
  IdRows ids;                  ///< of this rank
  std::vector<Index> entries;  ///< of all
  bool are_counts;             ///< entries; else 1 for each item
  Index users;                 ///< of the training
  Ids first;                   ///< an example
};

template <class Model>
KnownItems known_items(const Communicator& comm, const Model& model, bool are_counts) {
  const RowRange mine = Partition::by_count(model.items(), comm.size()).range(comm.rank());
  return {model.item_ids(mine), comm.all_gather_varied(std::span<const Index>(model.item_entries(mine))).values,
          are_counts, model.record().users, model.item_ids({0, 1}).ids};
}

MatchedItems match_known_items(const Communicator& comm, const DatasetReader& dataset, const std::string& data_path,
                               const KnownItems& model, const std::string& model_path) {
  // 1. Rows of the model by ids, without those that it was not trained on.
  const RowRange mine = Partition::by_count(dataset.items(), comm.size()).range(comm.rank());
  std::vector<Index> rows = find_rows_by_id(comm, dataset.item_ids(mine), model.ids);
  for (Index& row : rows) {
    if (row >= 0 && model.entries[static_cast<std::size_t>(row)] == 0) row = -1;
  }

  // 2. What lists can have. A model of an older version has no counts: the dataset's order its items.
  std::vector<Index> entries = dataset.row_sizes(DatasetPart::interactions_by_item, mine);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Index of_model = rows[i] < 0 ? 0 : model.entries[static_cast<std::size_t>(rows[i])];
    entries[i] = model.are_counts ? of_model : std::max(entries[i], Index{1}) * of_model;
  }
  MatchedItems items;
  items.catalogue = make_catalogue(comm, model.users, entries);
  items.model_rows = comm.all_gather_varied(std::span<const Index>(rows)).values;
  items.known = static_cast<Index>(items.catalogue.by_popularity.size());
  items.elsewhere = std::ranges::count_if(model.entries, [](Index count) { return count > 0; }) - items.known;
  if (items.known > 0) return items;

  // 3. Nothing in common: an id of each says most.
  const Ids of_data = dataset.item_ids({0, 1}).ids;
  throw AgreedError(
      ExitCode::bad_data,
      fmt::format("{} was trained on another dataset than {} and knows none of its {}: ids are such as {} "
                  "there and {} here; expected a model of some of these items",
                  model_path, data_path, counted(dataset.items(), "item"), shown(id_text(model.first, 0)),
                  shown(id_text(of_data, 0))));
}

}  // namespace

MatchedItems match_items(const Communicator& comm, const DatasetReader& dataset, const std::string& data_path,
                         const ModelReader& model, const std::string& model_path) {
  return match_known_items(comm, dataset, data_path, known_items(comm, model, model.has_entry_counts()), model_path);
}

MatchedItems match_items(const Communicator& comm, const DatasetReader& dataset, const std::string& data_path,
                         const ItemModelReader& model, const std::string& model_path) {
  return match_known_items(comm, dataset, data_path, known_items(comm, model, true), model_path);
}

MatchCounts count_match(const Communicator& comm, const DatasetReader& dataset, const HeldoutRows& rows,
                        const MatchedItems& items, std::optional<Index> known_users) {
  MatchCounts counts;
  const auto is_unknown = [&](Index item) { return items.model_rows[static_cast<std::size_t>(item)] < 0; };
  for (Index r = 0; r < rows.heldout.rows.size(); ++r) {
    const std::span<const Index> heldout = row_columns(rows.heldout, r);
    if (heldout.empty()) continue;
    const std::span<const Index> seen = row_columns(rows.seen, r);
    const auto unknown = static_cast<Index>(std::ranges::count_if(seen, is_unknown));
    ++counts.users;
    counts.folded_in += unknown < std::ssize(seen) ? 1 : 0;
    counts.history_entries += std::ssize(seen);
    counts.unknown_entries += unknown;
    counts.pairs += std::ssize(heldout);
    counts.missed_pairs += std::ranges::count_if(heldout, is_unknown);
  }
  std::array sums{counts.users,           counts.folded_in, counts.history_entries,
                  counts.unknown_entries, counts.pairs,     counts.missed_pairs};
  comm.all_reduce_sum(std::span<Index>(sums));
  return {.users = sums[0],
          .known_users = known_users,
          .folded_in = sums[1],
          .history_entries = sums[2],
          .unknown_entries = sums[3],
          .items = dataset.items(),
          .known_items = items.known,
          .items_elsewhere = items.elsewhere,
          .pairs = sums[4],
          .missed_pairs = sums[5]};
}

std::vector<std::pair<std::string_view, Index>> named_counts(const MatchCounts& counts) {
  std::vector<std::pair<std::string_view, Index>> named{{"users", counts.users}};
  if (counts.known_users) named.emplace_back("known_users", *counts.known_users);
  named.insert(named.end(), {{"folded_in", counts.folded_in},
                             {"unknown_users", counts.users - counts.folded_in},
                             {"history_entries", counts.history_entries},
                             {"unknown_entries", counts.unknown_entries},
                             {"items", counts.items},
                             {"known_items", counts.known_items},
                             {"items_elsewhere", counts.items_elsewhere},
                             {"pairs", counts.pairs},
                             {"missed_pairs", counts.missed_pairs}});
  return named;
}

MatchedModel match_model(const Communicator& comm, const DatasetReader& dataset, const std::string& data_path,
                         const HeldoutRows& rows, const ModelReader& model, const std::string& model_path) {
  if (is_own_dataset(dataset, model.record()))
    return match_own_dataset(comm, dataset, data_path, rows, model, model_path);
  return match_other_dataset(comm, dataset, data_path, rows, model, model_path);
}

void tell_match(Report& report, const MatchCounts& counts, const DatasetReader& dataset, const std::string& data_path,
                const TrainingRecord& model, const std::string& model_path) {
  tell_difference(report, dataset, data_path, model, model_path);
  const Index unknown_users = counts.users - counts.folded_in;
  const bool folds_in = counts.known_users.has_value();  // else it is an item model
  report.line(
      folds_in
          ? fmt::format("{} knows {} of {} of {} with held-out interactions: {} {} folded in from what {} has of them, "
                        "of {} nothing is known",
                        model_path, *counts.known_users, counted(counts.users, "user"), data_path, counts.folded_in,
                        verb(counts.folded_in, "is", "are"), data_path, unknown_users)
          : fmt::format("{} with held-out interactions {} items that {} knows, {} {} none",
                        counted(counts.folded_in, "user"), verb(counts.folded_in, "has", "have"), model_path,
                        unknown_users, verb(unknown_users, "has", "have")));
  report.line(
      fmt::format("{} knows {} of {} of {}: {} of {} {} of the others, which no list has; {} leaves out {} of "
                  "the {} of these users; {} of the model {} not in {}, and no list has {}",
                  model_path, counts.known_items, counted(counts.items, "item"), data_path, counts.missed_pairs,
                  counted(counts.pairs, "held-out pair"), verb(counts.missed_pairs, "is", "are"),
                  folds_in ? "fold-in" : "the model", counts.unknown_entries,
                  counted(counts.history_entries, "interaction"), counted(counts.items_elsewhere, "item"),
                  verb(counts.items_elsewhere, "is", "are"), data_path, verb(counts.items_elsewhere, "it", "them")));
  std::vector<Field> fields;
  for (const auto& [name, count] : named_counts(counts)) fields.emplace_back(name, count);
  report.event("matched_model", fields);
}

}  // namespace rankwise
