// Sample runs:
//   rankwise recommend --data shop.h5 --model model.h5 --top 10 --output recommendations.csv
//   rankwise recommend --data shop.h5 --model model.h5 --model items.h5 --blend 0.7,0.3 --output recommendations.csv
//   mpirun -n 8 rankwise recommend --data shop.h5 --model model.h5 --users campaign.txt --output campaign.h5

#include "jobs/recommend/recommend.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <filesystem>
#include <fmt/format.h>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "distributed/ranking/boosted_vectors.hpp"
#include "distributed/ranking/popular_items.hpp"
#include "distributed/rows/select_rows.hpp"
#include "io/dataset/dataset.hpp"
#include "io/files/commit.hpp"
#include "io/model/item_model.hpp"
#include "io/model/model.hpp"
#include "jobs/evaluate/models/any_model.hpp"
#include "jobs/evaluate/models/evaluated_models.hpp"
#include "jobs/evaluate/models/matched_model.hpp"
#include "jobs/options/choices.hpp"
#include "jobs/options/file_clashes.hpp"
#include "jobs/options/file_option.hpp"
#include "jobs/recommend/factor_reasons.hpp"
#include "jobs/recommend/list_columns.hpp"
#include "jobs/recommend/list_files.hpp"
#include "jobs/recommend/list_format.hpp"
#include "jobs/recommend/list_probabilities.hpp"
#include "jobs/recommend/list_text.hpp"
#include "jobs/recommend/lists.hpp"
#include "jobs/recommend/rules/item_rules.hpp"
#include "jobs/recommend/served_blend.hpp"
#include "jobs/recommend/served_users.hpp"
#include "jobs/recommend/text_sink.hpp"
#include "jobs/recommend/wanted_users.hpp"
#include "jobs/run/compared_input.hpp"
#include "jobs/run/dataset_shelf.hpp"
#include "kernels/text/counted.hpp"
#include "kernels/text/number_text.hpp"

namespace rankwise {

namespace {

constexpr std::string_view notes =
    R"(A user's score of an item is <x_u, y_i>; for explicit models with biases, mean + b_u + b_i + <x_u, y_i>; of an item model the sum
over the user's items i of w_ui s_ij, and lists have the items whose score is above 0 (who has none gets the popular ones). Lists
leave out all that the dataset has of the user: the training, validation and held-out parts and what was given (--seen exclude), may
have it (allow), or have nothing else (only: to buy again). An item without a training entry is in no list. Users come in the order
of their ids, then those that were held out whole, who are folded in from all that the dataset has of them; items best first, equal
scores by item id. If a model was trained on another dataset, items are matched by id, and all users are folded in from (or, of an
item model, scored by) all that this dataset has of them; items that only one of the two knows are in no list.
Several models (--model more than once, --blend): a user's scores of each model become comparable over all items that the list may
hold (--blend-scores) and are added, times the weights over their sum. A model's score of an item or a user that it does not know is
0; lists have the items that any of the models was trained on.
Source popular: a user without a training entry, or of several models one for whom each model scores all items the same, gets the
items with the most training entries, scored by the share of users that have them; source model: all others.
Rules (--items to --min-score) hold for popular items, too, but --min-score. Lists are filled best first, with as many items as the
rules allow; a boost is added to the score, and the sum is written.
CSV and TSV: user,rank,item,score,source, --columns, and --explain: because_1,share_1,...; JSON lines: an object per user. HDF5 (.h5):
/users/ids, and /recommendations with indptr (users + 1), items (item ids), scores and source: user u's items are
items[indptr[u]:indptr[u + 1]].)";

/// The ids of the list that the dataset does not have, and are to be served; others are refused, or skipped and told.
/// Collective.
std::vector<std::string> unknown_to_serve(const RecommendOptions& options, JobContext& context,
                                          const WantedUsers& wanted) {
  std::vector<std::string> unknown = wanted.unknown(context.comm);
  if (unknown.empty()) return unknown;
  const std::string first = wanted.place_of(unknown.front());
  const auto count = static_cast<Index>(unknown.size());
  switch (options.unknown_users) {
    case UnknownUsers::error:
      throw AgreedError(ExitCode::bad_data,
                        fmt::format("{} is no user of the dataset; expected one of its user ids", first));
    case UnknownUsers::skip:
      context.report.warning(fmt::format("{} in --users {} not in the dataset and {} no list, for example {}",
                                         counted(count, "id"), verb(count, "is", "are"), verb(count, "gets", "get"),
                                         first));
      unknown.clear();
      break;
    case UnknownUsers::popular:
      context.report.line(fmt::format("{} in --users {} no user of the dataset: the popular items for {}",
                                      counted(count, "id"), verb(count, "is", "are"), verb(count, "it", "them")));
      break;
  }
  context.report.event("unknown_users", {{"count", count}, {"first", first}});
  return unknown;
}

ItemStorage storage_of(const ModelReader& model) {
  return item_storage(model.items(), model.factors() + 1);
}

/// What lists are made from: a model of factors, of this dataset or of another one, an item model, or several models.
enum class ModelKind { factors, factors_elsewhere, items, blend };

/// Lists of all users, whatever model they are made from.
struct AllLists {
  const ListInputs& inputs;
  Index users;
  Index users_at_a_time;                                          ///< of a rank
  std::function<Lists(Index first, const Partition& rows)> make;  ///< collective
  Ids item_ids;
  std::vector<TableColumn> columns;  ///< beside the items
  BlendOrigin blend = {};            ///< of several models
};

Served write_text(const RecommendOptions& options, const ListFormat& format, const AllLists& all, JobContext& context,
                  WantedUsers& wanted) {
  const Communicator& comm = context.comm;
  const ListText lines(format, all.item_ids, {all.columns, !options.probability.empty(), all.inputs.reasons});
  TextSink sink(comm, options.output, format.packing);
  sink.append(comm.is_root() ? lines.header() : "");
  const Index round = all.users_at_a_time * comm.size();
  const Index users = all.users;
  Served served;
  for (Index first = 0; first < users; first += round) {
    const Partition rows = Partition::by_count(std::min(round, users - first), comm.size());
    const Lists lists = all.make(first, rows);
    sink.append(lines.text(lists));
    served.add(lists);
    context.report.bar("users", std::min(first + round, users), users);
  }
  std::vector<std::string> unknown = unknown_to_serve(options, context, wanted);
  if (!comm.is_root()) unknown.clear();
  Lists lists = lists_for_unknown(all.inputs, unknown);
  if (!options.probability.empty()) add_probabilities({}, all.inputs.rule.catalogue, lists);
  sink.append(lines.text(lists));
  served.add(lists);
  sink.commit();
  return served.sum(comm);
}

/// As a dataset holds them: integers if all of them are written as such.
Ids ids_of(const std::vector<std::string>& texts) {
  const auto is_integer = [](const std::string& id) {
    return !id.empty() && id.size() <= 18 && id.find_first_not_of("0123456789") == std::string::npos &&
           (id.size() == 1 || id.front() != '0');
  };
  if (!std::ranges::all_of(texts, is_integer)) return texts;
  std::vector<std::int64_t> numbers;
  for (const std::string& id : texts) numbers.push_back(whole_number<std::int64_t>(id).value());
  return numbers;
}

Served write_hdf5(const RecommendOptions& options, const AllLists& all, JobContext& context, WantedUsers& wanted,
                  std::uint64_t dataset_digest) {
  const Communicator& comm = context.comm;
  const ListInputs& inputs = all.inputs;
  Lists lists = all.make(0, Partition::by_count(all.users, comm.size()));
  const std::vector<std::string> unknown = unknown_to_serve(options, context, wanted);
  if (!unknown.empty()) {
    // The last rank has them; whether they are integers decides about everyone's ids.
    const bool is_last = comm.rank() == comm.size() - 1;
    const Ids ids = ids_of(unknown);
    Lists popular = lists_for_unknown(inputs, is_last ? ids : select_rows(ids, {}));
    if (!options.probability.empty()) add_probabilities({}, inputs.rule.catalogue, popular);
    lists.append(popular);
  }
  Served served;
  served.add(lists);
  served = served.sum(comm);
  write_lists(comm, options.output, lists, served, all.item_ids, all.columns,
              context.provenance("recommendations", dataset_digest), all.blend, options.deflate_level);
  return served;
}

/// Refuses options that contradict each other.
void require_sense(const RecommendOptions& options) {
  require_sense(options.model);
  const ListFormat format = list_format(options.format, options.output);
  if (options.deflate_level > 0 && format.layout != ListLayout::hdf5) {
    throw Error(ExitCode::usage,
                fmt::format("--compression has a meaning only for HDF5, and {} is to be text", options.output));
  }
  if (options.explain > 0 && options.model.is_blend()) {
    throw Error(ExitCode::usage, "--explain takes apart the scores of one model; expected one --model");
  }
  if (options.explain > 0 && format.layout == ListLayout::hdf5) {
    throw Error(ExitCode::usage,
                "--explain needs an output of text: CSV, TSV or JSON lines; HDF5 has no place for reasons");
  }
  if (!options.format.columns.empty()) static_cast<void>(parse_list_columns(options.format.columns));
  if (options.unknown_users != UnknownUsers::skip && options.users.empty()) {
    throw Error(ExitCode::usage, "--unknown-users has a meaning only with --users");
  }
  if (!options.probability.empty() &&
      (options.model.is_blend() || options.seen != SeenItems::exclude || !options.rules.boost.empty())) {
    throw Error(ExitCode::usage,
                "--probability is of lists of one model with --seen exclude and without --boost, as "
                "calibrate looks at them");
  }
  require_sense(options.rules);
}

/// The entries that items were trained on: of the model, or of the dataset if the model has no counts. Lists have none
/// of the model's items that another dataset does not have. Collective.
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
  if (model.has_entry_counts()) return make_catalogue(context.comm, model.users(), model.item_entries(mine));
  const auto trained = open_dataset(context, options.data, model.trained_fold(), model.trained_on());
  return make_catalogue(context.comm, model.users(), trained->row_sizes(DatasetPart::interactions_by_item, mine));
}

/// The dataset's items in the model if that was trained on another dataset, which is told. Collective.
template <class Model>
std::optional<MatchedItems> match_other_dataset(const RecommendOptions& options, JobContext& context,
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

/// Says of lists that are not full why they are not.
void tell_ends(Report& report, const RecommendOptions& options, const Served& served, ModelKind kind) {
  const auto tell_short = [&](Index lists, const std::string& reason) {
    if (lists == 0) return;
    report.line(fmt::format("{} {} fewer than {}: {}", counted(lists, "list"), verb(lists, "has", "have"),
                            counted(options.top, "item"), reason));
  };
  tell_short(served.short_lists - served.short_by_quota - served.short_by_min_score,
             kind == ModelKind::items ? "no others have a score above 0" : "no others are left");
  tell_short(served.short_by_quota, fmt::format("--max-per {} allows no others", options.rules.max_per));
  const std::string below = fmt::format("all others have a score below {}", options.rules.min_score.value_or(0));
  tell_short(served.short_by_min_score, below);
  const auto warn_empty = [&](Index lists, const std::string& reason) {
    if (lists == 0) return;
    report.warning(fmt::format("{} {} no list: {}", counted(lists, "user"), verb(lists, "has", "have"), reason));
  };
  std::string rules = options.seen == SeenItems::allow
                          ? std::string()
                          : fmt::format("--seen {}", options.seen == SeenItems::only ? "only" : "exclude");
  for (const std::string& each :
       {options.rules.choosing(), std::string(options.rules.exclude_pairs.empty() ? "" : "--exclude-pairs")}) {
    if (!each.empty()) rules += (rules.empty() ? "" : ", ") + each;
  }
  const Index others = served.empty_lists - served.empty_by_min_score;
  warn_empty(others, fmt::format("{} {} no item", rules, rules.find(',') == std::string::npos ? "leaves" : "leave"));
  warn_empty(served.empty_by_min_score,
             fmt::format("all items have a score below {}", options.rules.min_score.value_or(0)));
}

/// `new_users`: that were folded in, all of them if the model is of another dataset.
void tell(JobContext& context, const RecommendOptions& options, const Served& served, Index new_users, ModelKind kind) {
  Report& report = context.report;
  report.line(fmt::format("wrote {}: {} for {}",
                          options.output == standard_output_name ? "standard output" : options.output,
                          counted(served.recommendations, "recommendation"), counted(served.users, "user")));
  if (new_users > 0) {
    report.line(kind == ModelKind::factors_elsewhere
                    ? fmt::format("users are folded in from all that {} has of them", options.data)
                : kind == ModelKind::blend
                    ? fmt::format("{} {} new to a model of factors and folded in from all that {} has of them",
                                  counted(new_users, "user"), verb(new_users, "is", "are"), options.data)
                    : fmt::format("{} {} held out whole, folded in from all that the dataset has of them",
                                  counted(new_users, "user"), verb(new_users, "was", "were")));
  }
  if (served.popular_users > 0) {
    report.line(fmt::format("{} {} {} and {} served the popular items", counted(served.popular_users, "user"),
                            verb(served.popular_users, "has", "have"),
                            kind == ModelKind::items   ? "no new item with a score above 0"
                            : kind == ModelKind::blend ? "the same score for all new items by every model"
                                                       : "no training entry",
                            verb(served.popular_users, "is", "are")));
  }
  tell_ends(report, options, served, kind);
  if (options.explain > 0) {
    report.line(
        fmt::format("--explain: all terms of an item sum to its score, but for {:.2g} at most", served.largest_gap));
    report.event("explained", {{"reasons", options.explain}, {"largest_gap", served.largest_gap}});
  }
  report.event("recommended", {{"users", served.users},
                               {"recommendations", served.recommendations},
                               {"new_users", new_users},
                               {"popular_users", served.popular_users},
                               {"short_lists", served.short_lists},
                               {"empty_lists", served.empty_lists},
                               {"short_by_quota", served.short_by_quota},
                               {"short_by_min_score", served.short_by_min_score},
                               {"empty_by_min_score", served.empty_by_min_score}});
}

/// Writes all lists and says what they are. Collective.
void write_all(const RecommendOptions& options, const AllLists& all, JobContext& context, WantedUsers& wanted,
               const DatasetReader& dataset, Index new_users, ModelKind kind) {
  const ListFormat format = list_format(options.format, options.output);
  const Served served = format.layout == ListLayout::hdf5
                            ? write_hdf5(options, all, context, wanted, dataset.provenance().dataset_digest)
                            : write_text(options, format, all, context, wanted);
  tell(context, options, served, new_users, kind);
}

/// The users to serve, as a file lists them, and what is said of it. Collective.
WantedUsers read_wanted(const RecommendOptions& options, JobContext& context) {
  WantedUsers wanted(context.comm, options.users);
  if (!wanted.note().empty()) context.report.line(wanted.note());
  if (const Index missing = wanted.missing(); missing > 0) {
    context.report.warning(fmt::format("{} of --users {} no id (it is empty, or a word such as NULL): passed over",
                                       counted(missing, "line"), verb(missing, "has", "have")));
    context.report.event("missing_ids", {{"count", missing}});
  }
  return wanted;
}

/// Whether lists have to leave out what the training part alone has.
bool masks_training(const RecommendOptions& options, const DatasetReader& training) {
  const bool has_repeats = training.has(DatasetPart::repeated) || training.has(DatasetPart::validation_repeated);
  return options.seen == SeenItems::exclude && has_repeats;
}

/// `path`, `catalogue`, `rules` and `training` outlive the inputs.
ListInputs list_inputs(const RecommendOptions& options, const std::string& path, const Catalogue& catalogue,
                       const ItemRules& rules, const DatasetReader& training) {
  ListInputs inputs{.model_path = path,
                    .rule = list_rule(catalogue, options.seen, rules),
                    .top = options.top,
                    .training = masks_training(options, training) ? &training : nullptr,
                    .seen = options.seen,
                    .pairs = rules.pairs,
                    .boosts = rules.boosts,
                    .quota = rules.quota ? &*rules.quota : nullptr,
                    .reasons = options.explain};
  if (options.rules.min_score) inputs.min_score = static_cast<float>(*options.rules.min_score);
  return inputs;
}

/// The catalogue as the rules leave it. Throws AgreedError(bad_data) if no list could have an item.
Catalogue offered_catalogue(Catalogue catalogue, const RecommendOptions& options, const ItemRules& rules) {
  if (rules.offered.empty()) return catalogue;
  Catalogue offered = offering(std::move(catalogue), rules.offered);
  if (!offered.by_popularity.empty()) return offered;
  throw AgreedError(ExitCode::bad_data, fmt::format("{}: none of the items that are left has a training entry of {}; "
                                                    "expected at least one that lists can have",
                                                    options.rules.choosing(), options.model.text()));
}

using MakeLists = std::function<Lists(Index first, const Partition& rows)>;

/// Lists as `make` makes them, with probabilities if there is a map; all outlives the result.
MakeLists with_probabilities(const std::optional<ProbabilityMap>& map, const Catalogue& known, MakeLists make) {
  if (!map) return make;
  return [&map, &known, make = std::move(make)](Index first, const Partition& rows) {
    Lists lists = make(first, rows);
    add_probabilities(*map, known, lists);
    return lists;
  };
}

void recommend_by_factors(const RecommendOptions& options, JobContext& context, const DatasetReader& dataset) {
  const Communicator& comm = context.comm;
  const std::string& path = options.model.paths.front();
  const ModelReader model(comm, path, context.common.input_check);
  warn_if_not_compared(context, model, path);
  const std::optional<ProbabilityMap> probabilities =
      read_list_probabilities(comm, options.probability, dataset, model.record(), path, options.top);
  const std::optional<MatchedItems> matched = match_other_dataset(options, context, dataset, model, path);
  WantedUsers wanted = read_wanted(options, context);
  const ItemSpace space{dataset, options.data, model.items(),
                        matched ? std::span<const Index>(matched->model_rows) : std::span<const Index>()};
  const ItemRules rules = read_item_rules(options.rules, context, space);
  const Catalogue known = read_catalogue(options, context, model, matched);
  const Catalogue catalogue = offered_catalogue(known, options, rules);

  const auto timer = context.report.phase("recommend");
  const ServedUsers users(comm, dataset, model, known, matched);
  const bool knows_training_alone = matched || model.trained_on() == TrainedOn::all;
  const TrainedOn learned = knows_training_alone ? TrainedOn::training : model.trained_on();
  const DatasetReader training(comm, options.data, std::nullopt, learned, context.common.input_check);
  const RankableItems items(catalogue,
                            boosted_items([&model](RowRange rows) { return model.item_factors(rows); }, rules.boosts),
                            storage_of(model));
  const ListInputs inputs = list_inputs(options, path, catalogue, rules, training);
  std::optional<FactorReasons> reasons;
  std::optional<DatasetReader> learned_rows;
  if (options.explain > 0) {
    learned_rows.emplace(comm, options.data, matched ? std::nullopt : model.trained_fold(),
                         matched ? TrainedOn::training : model.trained_on(), context.common.input_check);
    reasons.emplace(comm, model, *learned_rows, users.count() - users.new_users(), options.explain);
  }
  const FactorLists factors{model, users, items, reasons ? &*reasons : nullptr};
  const AllLists all{inputs,
                     users.count(),
                     users_per_ranking(storage_of(model)),
                     with_probabilities(probabilities, known,
                                        [&](Index first, const Partition& rows) {
                                          return lists_for(comm, inputs, factors, first, rows, wanted);
                                        }),
                     model.item_ids({0, model.items()}).ids,
                     read_list_columns(options.format.columns, context, space)};
  write_all(options, all, context, wanted, dataset, users.new_users(),
            matched ? ModelKind::factors_elsewhere : ModelKind::factors);
}

/// An item model knows no users: those of the dataset, its own or another one, speak by all that this has of them.
void recommend_by_items(const RecommendOptions& options, JobContext& context, const DatasetReader& dataset) {
  const Communicator& comm = context.comm;
  const std::string& path = options.model.paths.front();
  const ItemModelReader model(comm, path, context.common.input_check);
  warn_if_not_compared(context, model, path);
  const std::optional<ProbabilityMap> probabilities =
      read_list_probabilities(comm, options.probability, dataset, model.record(), path, options.top);
  const std::optional<MatchedItems> matched = match_other_dataset(options, context, dataset, model, path);
  WantedUsers wanted = read_wanted(options, context);
  const ItemSpace space{dataset, options.data, dataset.items()};
  const ItemRules rules = read_item_rules(options.rules, context, space);
  const Catalogue known = matched ? matched->catalogue : item_model_catalogue(comm, model);
  const Catalogue catalogue = offered_catalogue(known, options, rules);

  const auto timer = context.report.phase("recommend");
  const TrainedOn trained_on = model.record().trained_on;
  const TrainedOn learned = matched || trained_on == TrainedOn::all ? TrainedOn::training : trained_on;
  const DatasetReader training(comm, options.data, std::nullopt, learned, context.common.input_check);
  const ListInputs inputs = list_inputs(options, path, catalogue, rules, training);
  const ItemWeightBlocks weights = matched ? item_model_weights(model, *matched) : item_model_weights(model);
  const ItemLists items{dataset, {weights, model.weighting()}};
  const AllLists all{inputs,
                     dataset.users(),
                     users_at_a_time(std::min(options.top, dataset.items()), weights.blocks()),
                     with_probabilities(probabilities, known,
                                        [&](Index first, const Partition& rows) {
                                          return lists_for(comm, inputs, items, first, rows, wanted);
                                        }),
                     dataset.item_ids({0, dataset.items()}).ids,
                     read_list_columns(options.format.columns, context, space)};
  write_all(options, all, context, wanted, dataset, 0, ModelKind::items);
}

/// The models of a blend, each over the dataset's items; what each of them was trained on goes into `records`.
/// Collective.
std::vector<std::unique_ptr<ServedModel>> serve_models(const RecommendOptions& options, JobContext& context,
                                                       const DatasetReader& dataset,
                                                       std::vector<TrainingRecord>& records) {
  const Communicator& comm = context.comm;
  std::vector<std::unique_ptr<ServedModel>> models;
  for (const std::string& path : options.model.paths) {
    if (is_item_model(comm, path)) {
      auto model = std::make_unique<const ItemModelReader>(comm, path, context.common.input_check);
      warn_if_not_compared(context, *model, path);
      records.push_back(model->record());
      std::optional<MatchedItems> matched = match_other_dataset(options, context, dataset, *model, path);
      models.push_back(serve_items(comm, path, std::move(model), matched));
    } else {
      auto model = std::make_unique<const ModelReader>(comm, path, context.common.input_check);
      warn_if_not_compared(context, *model, path);
      records.push_back(model->record());
      std::optional<MatchedItems> matched = match_other_dataset(options, context, dataset, *model, path);
      Catalogue catalogue = read_catalogue(options, context, *model, matched);
      models.push_back(serve_factors(comm, path, dataset, std::move(model), std::move(catalogue), std::move(matched)));
    }
  }
  require_different(options.model.paths, records);
  return models;
}

/// Users of whom no model knows anything speak to none of them; the others have scores by all models.
void recommend_by_blend(const RecommendOptions& options, JobContext& context, const DatasetReader& dataset) {
  const Communicator& comm = context.comm;
  std::vector<TrainingRecord> records;
  const std::vector<std::unique_ptr<ServedModel>> models = serve_models(options, context, dataset, records);
  WantedUsers wanted = read_wanted(options, context);
  const ItemSpace space{dataset, options.data, dataset.items()};
  const ItemRules rules = read_item_rules(options.rules, context, space);
  const Catalogue catalogue = offered_catalogue(joint_catalogue(comm, models), options, rules);

  const auto timer = context.report.phase("recommend");
  const bool knows_validation = std::ranges::any_of(records, [&](const TrainingRecord& record) {
    return is_own_dataset(dataset, record) && record.trained_on == TrainedOn::training_and_validation;
  });
  const TrainedOn learned = knows_validation ? TrainedOn::training_and_validation : TrainedOn::training;
  const DatasetReader training(comm, options.data, std::nullopt, learned, context.common.input_check);
  const std::string paths = options.model.text();
  const ListInputs inputs = list_inputs(options, paths, catalogue, rules, training);
  const ServedBlend blend{dataset, models, shares_of(*options.model.weights), options.model.normalization()};
  AllLists all{inputs,
               dataset.users(),
               users_at_a_time(std::min(options.top, dataset.items()), 1),
               [&](Index first, const Partition& rows) { return lists_for(comm, inputs, blend, first, rows, wanted); },
               dataset.item_ids({0, dataset.items()}).ids,
               read_list_columns(options.format.columns, context, space)};
  all.blend.scores = normalization_word(options.model.normalization());
  Index new_users = 0;
  for (std::size_t m = 0; m < models.size(); ++m) {
    const std::string file = std::filesystem::path(options.model.paths[m]).filename().string();
    all.blend.parts.push_back({file, records[m].content_digest, (*options.model.weights)[m]});
    new_users = std::max(new_users, models[m]->new_users());
  }
  write_all(options, all, context, wanted, dataset, new_users, ModelKind::blend);
}

}  // namespace

void recommend_items(const RecommendOptions& options, JobContext& context) {
  const Communicator& comm = context.comm;
  agree_on(comm, [&] { require_sense(options); });
  if (options.output != standard_output_name) check_output(comm, options.output);
  const DatasetReader dataset(comm, options.data, std::nullopt, TrainedOn::all, context.common.input_check);
  warn_if_not_compared(context, dataset, options.data);
  if (options.model.is_blend()) {
    recommend_by_blend(options, context, dataset);
  } else if (is_item_model(comm, options.model.paths.front())) {
    recommend_by_items(options, context, dataset);
  } else {
    recommend_by_factors(options, context, dataset);
  }
}

namespace {

RunJob describe_recommend(boost::program_options::options_description& description) {
  namespace po = boost::program_options;
  const auto options = std::make_shared<RecommendOptions>();
  // clang-format off
  description.add_options()
    ("data", read_file(&options->data)->required(), "dataset: the model's own, or another one that has item ids in common");
  // clang-format on
  describe_models(description, options->model,
                  "model, as als or itemcf writes it. Given several times, with --blend: their scores are added");
  describe_blend(description, options->model);
  // clang-format off
  description.add_options()
    ("top", po::value(&options->top)->value_name("N")->default_value(10)->notifier(within<Index>("top", 1, 100'000)),
     "items for each user")
    ("users", read_file(&options->users), "users to serve: an id per line, or a CSV with a user column; without it all")
    ("unknown-users", po::value<std::string>()->value_name("skip|popular|error")->default_value("skip")->notifier(
       one_of<UnknownUsers>("unknown-users", options->unknown_users, {{"skip", UnknownUsers::skip}, {"popular", UnknownUsers::popular}, {"error", UnknownUsers::error}})),
     "ids of --users that the dataset does not have: count and skip them, give them the popular items, or stop")
    ("seen", po::value<std::string>()->value_name("exclude|allow|only")->default_value("exclude")->notifier(
       one_of<SeenItems>("seen", options->seen, {{"exclude", SeenItems::exclude}, {"allow", SeenItems::allow}, {"only", SeenItems::only}})),
     "items that the dataset has of the user, in any part: leave them out, allow them, or list nothing else (to buy again)")
    ("explain", po::value(&options->explain)->value_name("N")->notifier(within<Index>("explain", 1, 1000)),
     "beside each item, the N items of the user that speak most for it, and the share of each")
    ("probability", read_file(&options->probability),
     "beside each item, how likely the user buys it: the file that calibrate has written for this model")
    ("output", written_file(&options->output, list_endings)->required(),
     "file to write, by its ending: .csv, .tsv or .jsonl, all three also with .gz or .zst, or .h5 (HDF5); -: standard output");
  // clang-format on
  describe_item_rules(description, options->rules);
  describe_list_format(description, options->format);
  describe_compression(description, options->deflate_level);
  return {[options](JobContext& context) { recommend_items(*options, context); },
          [options] { require_sense(*options); }};
}

}  // namespace

Job recommend_job() {
  return {"recommend", "list the best items for each user: model + dataset -> recommendations", notes,
          describe_recommend};
}

}  // namespace rankwise
