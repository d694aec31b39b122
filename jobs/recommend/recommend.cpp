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
#include <utility>
#include <vector>

#include "distributed/ranking/boosted_vectors.hpp"
#include "io/dataset/dataset.hpp"
#include "io/files/commit.hpp"
#include "io/model/item_model.hpp"
#include "io/model/model.hpp"
#include "jobs/evaluate/models/any_model.hpp"
#include "jobs/evaluate/models/evaluated_models.hpp"
#include "jobs/evaluate/models/matched_model.hpp"
#include "jobs/evaluate/models/user_features.hpp"
#include "jobs/recommend/factor_reasons.hpp"
#include "jobs/recommend/group_lists.hpp"
#include "jobs/recommend/list_probabilities.hpp"
#include "jobs/recommend/lists.hpp"
#include "jobs/recommend/model_items.hpp"
#include "jobs/recommend/rules/item_rules.hpp"
#include "jobs/recommend/served_blend.hpp"
#include "jobs/recommend/served_users.hpp"
#include "jobs/recommend/whom/audience.hpp"
#include "jobs/recommend/whom/segment_popularity.hpp"
#include "jobs/recommend/whom/user_histories.hpp"
#include "jobs/recommend/written_lists.hpp"
#include "jobs/run/compared_input.hpp"
#include "jobs/run/dataset_shelf.hpp"
#include "kernels/text/counted.hpp"

namespace rankwise {

namespace {

constexpr std::string_view notes =
    R"(A user's score of an item is <x_u, y_i>; for explicit models with biases, mean + b_u + b_i + <x_u, y_i>; of an item
model the sum over the user's items i of w_ui s_ij, and lists have the items whose score is above 0 (who has none gets
the popular ones). Lists leave out all that the dataset has of the user: the training, validation and held-out parts
and what was given (--seen exclude), may have it (allow), or have nothing else (only: to buy again). An item without a
training entry is in no list, unless the model has features of items. Users come in the order of their ids, then those
that were held out whole, who are folded in from all that the dataset has of them; items best first, equal scores by
item id. If a model was trained on another dataset, items are matched by id, and all users are folded in from (or, of
an item model, scored by) all that this dataset has of them; items that only one of the two knows are in no list.
Several models (--model more than once, --blend): a user's scores of each model become comparable over all items that
the list may hold (--blend-scores) and are added, times the weights over their sum. A model's score of an item or a
user that it does not know is 0; lists have the items that any of the models was trained on.
Source popular: a user without a training entry, or of several models one for whom each model scores all items the
same, gets the items with the most training entries, scored by the share of users that have them; source
popular-segment: those of the user's segment (--segments), by how many of its users have them; source log: users of
--log, who are folded in from (or, of an item model, scored by) all that dataset and log have of them; source
features: a user without a training entry, served by the features of the table of users (als --user-features); source
model: all others.
Rules (--items to --min-score) hold for popular items, too, but --min-score. Lists are filled best first, with as many
items as the rules allow; a boost is added to the score, and the sum is written.
CSV and TSV: user,rank,item,score,source, --columns, and --explain: because_1,share_1,...; JSON lines: an object per
user. HDF5 (.h5): /users/ids, and /recommendations with indptr (users + 1), items (item ids), scores and source: user
u's items are items[indptr[u]:indptr[u + 1]].)";

/// What is known of users, and what is said of the log. Collective.
UserHistories read_histories(const RecommendOptions& options, JobContext& context, const DatasetReader& dataset) {
  std::optional<NewLog> log;
  if (!options.whom.logs.empty()) log.emplace(context, options.whom, dataset, options.data);
  return {dataset, std::move(log)};
}

/// What a model has learned of a dataset.
struct DatasetView {
  std::optional<Fold> fold = {};
  TrainedOn trained_on = TrainedOn::training;
};

/// What is popular in segments, if there are any: by what models have learned, in their items. Collective.
std::optional<SegmentPopularity> segment_popularity(const RecommendOptions& options, JobContext& context,
                                                    const Audience& audience, const DatasetView& view,
                                                    const InModelItems& in_model_items, const Catalogue& offered) {
  if (audience.segments() == nullptr) return std::nullopt;
  const DatasetReader training(context.comm, options.data, view.fold, view.trained_on, context.common.input_check);
  SegmentPopularity popularity(context.comm, *audience.segments(), training, in_model_items, offered,
                               options.whom.least_group);
  if (const Index small = popularity.small_segments(); small > 0) {
    context.report.warning(
        fmt::format("{} {} fewer than {} with a training entry (--least-group): what is popular in {} is not looked at",
                    counted(small, "segment"), verb(small, "has", "have"), counted(options.whom.least_group, "user"),
                    verb(small, "it", "them")));
  }
  context.report.event("segment_popularity",
                       {{"least_group", options.whom.least_group}, {"small_segments", popularity.small_segments()}});
  return popularity;
}

/// What lists of whole segments look at beside the members' model; what is passed outlives it.
GroupChoice group_choice(const RecommendOptions& options, const AllLists& all, const UserHistories& histories,
                         Audience& audience, const Catalogue& known, const InModelItems& in_model_items) {
  return {all.inputs,
          histories,
          audience,
          known,
          in_model_items,
          all.users_at_a_time,
          options.whom.least_group,
          options.whom.segment_seen.value_or(SegmentSeen::allow)};
}

/// In the place of lists of users those of their segments, which are made by now; says which have none.
AllLists group_lists(const RecommendOptions& options, JobContext& context, const AllLists& all, GroupLists groups) {
  if (groups.small > 0) {
    context.report.warning(fmt::format("{} {} fewer than {} whom the model knows (--least-group) and {} no list",
                                       counted(groups.small, "segment"), verb(groups.small, "has", "have"),
                                       counted(options.whom.least_group, "user"), verb(groups.small, "has", "have")));
  }
  context.report.line(fmt::format("{} {} a list, by {}", counted(groups.segments, "segment"),
                                  verb(groups.segments, "has", "have"), counted(groups.members, "user")));
  context.report.event("group_lists", {{"segments", groups.segments},
                                       {"small_segments", groups.small},
                                       {"members", groups.members},
                                       {"least_group", options.whom.least_group}});
  const Index users = std::max<Index>(groups.segments, 1);
  return {all.inputs,   groups.segments,
          users,        [lists = std::move(groups.lists)](Index, const Partition&) { return lists; },
          all.item_ids, all.columns,
          all.models,   all.blend};
}

/// As lists name their models.
BlendPart model_part(const std::string& path, const TrainingRecord& record, double weight) {
  return {std::filesystem::path(path).filename().string(), record.content_digest, weight};
}

constexpr auto as_they_are = [](SparseRows rows) { return rows; };

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

/// Lists as `make` makes them, with probabilities if there is a map; all outlives the result.
MakeLists with_probabilities(const std::optional<ProbabilityMap>& map, const Catalogue& known, MakeLists make) {
  if (!map) return make;
  return [&map, &known, make = std::move(make)](Index first, const Partition& rows) {
    Lists lists = make(first, rows);
    add_probabilities(*map, known, lists);
    return lists;
  };
}

/// Features are those of the model's own dataset.
void tell_unused_features(const RecommendOptions& options, JobContext& context, const ModelReader& model,
                          bool is_elsewhere) {
  if (!model.user_features() && !model.item_features()) return;
  const std::string& path = options.model.paths.front();
  if (!is_elsewhere) return;
  context.report.warning(unused_features_warning(path, options.data));
}

/// A model of ratings takes each row of a log without values for a rating of 1.
void tell_missing_ratings(JobContext& context, const UserHistories& histories, const ModelReader& model,
                          const std::string& path) {
  if (!histories.has_log_without_values() || model.objective().loss != LossKind::explicit_feedback) return;
  context.report.warning(
      fmt::format("{} predicts ratings, and --log has no values: each of its rows counts as a "
                  "rating of 1; --log-columns value=COLUMN says where ratings are",
                  path));
  context.report.event("log_without_ratings", {{"model", path}});
}

void recommend_by_factors(const RecommendOptions& options, JobContext& context, const DatasetReader& dataset) {
  const Communicator& comm = context.comm;
  const std::string& path = options.model.paths.front();
  const ModelReader model(comm, path, context.common.input_check);
  warn_if_not_compared(context, model, path);
  const std::optional<ProbabilityMap> probabilities =
      read_list_probabilities(comm, options.probability, dataset, model.record(), path, options.top);
  const std::optional<MatchedItems> matched = match_other_dataset(options, context, dataset, model, path);
  tell_unused_features(options, context, model, matched.has_value());
  const UserHistories histories = read_histories(options, context, dataset);
  tell_missing_ratings(context, histories, model, path);
  Audience audience(context, options.whom, histories, options.data);
  const ItemSpace space = items_of_dataset(
      dataset, options.data, model.items(),
      matched ? std::span<const Index>(matched->model_rows) : std::span<const Index>(), histories.new_ids());
  const ItemRules rules = read_item_rules(options.rules, context, space);
  const Catalogue known = read_catalogue(options, context, model, matched);
  const Catalogue catalogue = offered_catalogue(known, options, rules);

  const auto timer = context.report.phase("recommend");
  const ServedUsers users(comm, histories, model, known, matched, options.data);
  const bool knows_training_alone = matched || model.trained_on() == TrainedOn::all;
  const TrainedOn learned = knows_training_alone ? TrainedOn::training : model.trained_on();
  const DatasetReader training(comm, options.data, std::nullopt, learned, context.common.input_check);
  const RankableItems items(catalogue,
                            boosted_items([&model](RowRange rows) { return model.item_factors(rows); }, rules.boosts),
                            storage_of(model));
  ListInputs inputs = list_inputs(options, path, catalogue, rules, training);
  const DatasetView view = matched ? DatasetView() : DatasetView{model.trained_fold(), model.trained_on()};
  const InModelItems in_model_items = [&users](SparseRows rows) { return users.in_model_items(std::move(rows)); };
  const auto popularity = segment_popularity(options, context, audience, view, in_model_items, catalogue);
  if (popularity) inputs.popular_in = [&popularity](std::int32_t segment) { return popularity->of(segment); };
  std::optional<FactorReasons> reasons;
  std::optional<DatasetReader> learned_rows;
  if (options.explain > 0) {
    learned_rows.emplace(comm, options.data, view.fold, view.trained_on, context.common.input_check);
    reasons.emplace(comm, model, *learned_rows, histories, users.trained_users(), options.explain);
  }
  const FactorLists factors{model, users, items, reasons ? &*reasons : nullptr};
  AllLists all{inputs,
               users.count(),
               users_per_ranking(storage_of(model)),
               with_probabilities(probabilities, known,
                                  [&](Index first, const Partition& rows) {
                                    return lists_for(comm, inputs, factors, first, rows, audience);
                                  }),
               model.item_ids({0, model.items()}).ids,
               read_served_columns(options.format.columns, context, space, audience),
               {model_part(path, model.record(), 1)}};
  if (model.user_features() && !matched) all.feature_names = model.user_features()->map.names();
  const ModelKind kind = matched ? ModelKind::factors_elsewhere : ModelKind::factors;
  if (options.whom.lists_for == ListsFor::users) {
    return write_all(options, all, context, audience, dataset, users.new_users(), kind);
  }
  const GroupChoice choice = group_choice(options, all, histories, audience, known, in_model_items);
  GroupLists groups = options.whom.taste == SegmentTaste::votes ? voted_lists(comm, choice, all.make)
                                                                : mean_lists(comm, choice, factors);
  write_all(options, group_lists(options, context, all, std::move(groups)), context, audience, dataset,
            users.new_users(), kind);
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
  const UserHistories histories = read_histories(options, context, dataset);
  Audience audience(context, options.whom, histories, options.data);
  const ItemSpace space = items_of_dataset(dataset, options.data, dataset.items(), {}, histories.new_ids());
  const ItemRules rules = read_item_rules(options.rules, context, space);
  const Catalogue known = matched ? matched->catalogue : item_model_catalogue(comm, model);
  const Catalogue catalogue = offered_catalogue(known, options, rules);

  const auto timer = context.report.phase("recommend");
  const TrainedOn trained_on = model.record().trained_on;
  const TrainedOn learned = matched || trained_on == TrainedOn::all ? TrainedOn::training : trained_on;
  const DatasetReader training(comm, options.data, std::nullopt, learned, context.common.input_check);
  ListInputs inputs = list_inputs(options, path, catalogue, rules, training);
  const DatasetView view = matched ? DatasetView() : DatasetView{model.record().trained_fold, trained_on};
  const auto popularity = segment_popularity(options, context, audience, view, as_they_are, catalogue);
  if (popularity) inputs.popular_in = [&popularity](std::int32_t segment) { return popularity->of(segment); };
  const ItemWeightBlocks weights = matched ? item_model_weights(model, *matched) : item_model_weights(model);
  const ItemLists items{histories, {weights, model.weighting()}};
  const AllLists all{inputs,
                     histories.users(),
                     users_at_a_time(std::min(options.top, dataset.items()), weights.blocks()),
                     with_probabilities(probabilities, known,
                                        [&](Index first, const Partition& rows) {
                                          return lists_for(comm, inputs, items, first, rows, audience);
                                        }),
                     dataset.item_ids({0, dataset.items()}).ids,
                     read_served_columns(options.format.columns, context, space, audience),
                     {model_part(path, model.record(), 1)}};
  if (options.whom.lists_for == ListsFor::users) {
    return write_all(options, all, context, audience, dataset, 0, ModelKind::items);
  }
  const InModelItems in_model_items = as_they_are;
  const GroupChoice choice = group_choice(options, all, histories, audience, known, in_model_items);
  GroupLists groups =
      options.whom.taste == SegmentTaste::votes ? voted_lists(comm, choice, all.make) : mean_lists(comm, choice, items);
  write_all(options, group_lists(options, context, all, std::move(groups)), context, audience, dataset, 0,
            ModelKind::items);
}

/// The models of a blend, each over the dataset's items; what each of them was trained on goes into `records`.
/// Collective.
std::vector<std::unique_ptr<ServedModel>> serve_models(const RecommendOptions& options, JobContext& context,
                                                       const UserHistories& histories,
                                                       std::vector<TrainingRecord>& records) {
  const DatasetReader& dataset = histories.dataset();
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
      tell_missing_ratings(context, histories, *model, path);
      if (matched && model->user_features()) {
        context.report.warning(unused_features_warning(path, options.data));
      }
      Catalogue catalogue = read_catalogue(options, context, *model, matched);
      models.push_back(serve_factors(comm, path, histories, options.data, std::move(model), std::move(catalogue),
                                     std::move(matched)));
    }
  }
  require_different(options.model.paths, records);
  return models;
}

/// Users of whom no model knows anything speak to none of them; the others have scores by all models.
void recommend_by_blend(const RecommendOptions& options, JobContext& context, const DatasetReader& dataset) {
  const Communicator& comm = context.comm;
  const UserHistories histories = read_histories(options, context, dataset);
  std::vector<TrainingRecord> records;
  const std::vector<std::unique_ptr<ServedModel>> models = serve_models(options, context, histories, records);
  Audience audience(context, options.whom, histories, options.data);
  const ItemSpace space = items_of_dataset(dataset, options.data, dataset.items(), {}, histories.new_ids());
  const ItemRules rules = read_item_rules(options.rules, context, space);
  const Catalogue catalogue = offered_catalogue(joint_catalogue(comm, models), options, rules);

  const auto timer = context.report.phase("recommend");
  const bool knows_validation = std::ranges::any_of(records, [&](const TrainingRecord& record) {
    return is_own_dataset(dataset, record) && record.trained_on == TrainedOn::training_and_validation;
  });
  const TrainedOn learned = knows_validation ? TrainedOn::training_and_validation : TrainedOn::training;
  const DatasetReader training(comm, options.data, std::nullopt, learned, context.common.input_check);
  const std::string paths = options.model.text();
  ListInputs inputs = list_inputs(options, paths, catalogue, rules, training);
  const auto popularity =
      segment_popularity(options, context, audience, {std::nullopt, learned}, as_they_are, catalogue);
  if (popularity) inputs.popular_in = [&popularity](std::int32_t segment) { return popularity->of(segment); };
  const ServedBlend blend{histories, models, shares_of(*options.model.weights), options.model.normalization()};
  AllLists all{
      inputs,
      histories.users(),
      users_at_a_time(std::min(options.top, dataset.items()), 1),
      [&](Index first, const Partition& rows) { return lists_for(comm, inputs, blend, first, rows, audience); },
      dataset.item_ids({0, dataset.items()}).ids,
      read_served_columns(options.format.columns, context, space, audience),
      {}};
  all.blend.scores = normalization_word(options.model.normalization());
  Index new_users = 0;
  for (std::size_t m = 0; m < models.size(); ++m) {
    all.models.push_back(model_part(options.model.paths[m], records[m], (*options.model.weights)[m]));
    new_users = std::max(new_users, models[m]->new_users());
  }
  all.blend.parts = all.models;
  if (options.whom.lists_for == ListsFor::users) {
    return write_all(options, all, context, audience, dataset, new_users, ModelKind::blend);
  }
  const InModelItems in_model_items = as_they_are;
  const GroupChoice choice = group_choice(options, all, histories, audience, catalogue, in_model_items);
  write_all(options, group_lists(options, context, all, voted_lists(comm, choice, all.make)), context, audience,
            dataset, new_users, ModelKind::blend);
}

}  // namespace

void recommend_items(const RecommendOptions& options, JobContext& context) {
  const Communicator& comm = context.comm;
  agree_on(comm, [&] { require_sense(options); });
  if (options.files.split() != FileSplit::none) {
    check_output(comm, FileFamily(options.output).manifest());
  } else if (options.output != standard_output_name) {
    check_output(comm, options.output);
  }
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
  const auto options = std::make_shared<RecommendOptions>();
  describe_recommendations(description, *options);
  return {[options](JobContext& context) { recommend_items(*options, context); },
          [options] { require_sense(*options); }};
}

}  // namespace

Job recommend_job() {
  return {"recommend", "list the best items for each user: model + dataset -> recommendations", notes,
          describe_recommend};
}

}  // namespace rankwise
