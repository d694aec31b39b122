#include "jobs/evaluate/contenders.hpp"

#include <algorithm>
#include <cstdint>
#include <fmt/format.h>
#include <limits>

#include "distributed/blending/blended_lists.hpp"
#include "distributed/evaluation/baselines.hpp"
#include "distributed/evaluation/item_cosine.hpp"
#include "distributed/evaluation/item_order.hpp"
#include "distributed/evaluation/list_diversity.hpp"
#include "distributed/evaluation/simple_lists.hpp"
#include "distributed/itemcf/item_lists.hpp"
#include "distributed/ranking/popular_items.hpp"
#include "distributed/rows/select_rows.hpp"
#include "kernels/text/counted.hpp"

namespace rankwise {

namespace {

RowRange my_training_rows(const Communicator& comm, const DatasetReader& dataset) {
  return Partition::by_count(dataset.users(), comm.size()).range(comm.rank());
}

/// Of each item, its training entries in the last seconds before the latest one. Collective over comm.
std::vector<Index> recent_entries(const Communicator& comm, const DatasetReader& dataset, double window_seconds) {
  const RowRange mine = my_training_rows(comm, dataset);
  const SparseRows training = dataset.read(DatasetPart::interactions, mine);
  const std::vector<std::int64_t> times = dataset.marks(DatasetPart::interactions, EntryMark::time, mine);
  std::int64_t latest = std::numeric_limits<std::int64_t>::min();
  for (const std::int64_t time : times) latest = std::max(latest, time);
  latest = comm.max(latest);
  std::vector<Index> counts(static_cast<std::size_t>(dataset.items()));
  for (std::size_t entry = 0; entry < times.size(); ++entry) {
    const double age = static_cast<double>(latest) - static_cast<double>(times[entry]);
    if (age < window_seconds) ++counts[static_cast<std::size_t>(training.columns[entry])];
  }
  comm.all_reduce_sum(std::span<Index>(counts));
  return counts;
}

ListTable lists_of(JobContext& context, const Contest& contest, const Baseline& baseline) {
  const Communicator& comm = context.comm;
  switch (baseline.kind) {
    case BaselineKind::recent: {
      if (contest.fold || !contest.dataset.has(DatasetPart::interactions, EntryMark::time)) {
        throw AgreedError(ExitCode::bad_data, fmt::format("--baselines {}: the training part has no times; expected a "
                                                          "dataset of a log with a time column, and a model that "
                                                          "leaves out no fold",
                                                          baseline.name));
      }
      const std::vector<Index> recent = recent_entries(comm, contest.dataset, baseline.window_seconds);
      return order_lists(contest.questions, contest.rows, order_by_recent(contest.catalogue, recent));
    }
    case BaselineKind::own:
      return own_lists(contest.questions, contest.rows);
    case BaselineKind::item_cosine: {
      const RowRange mine = my_training_rows(comm, contest.dataset);
      return item_cosine_lists(comm, contest.questions, contest.rows,
                               contest.dataset.read(DatasetPart::interactions, mine));
    }
    default:
      return order_lists(contest.questions, contest.rows, order_by_popularity(contest.catalogue));
  }
}

RatingPredictions predict_by_biases(const Communicator& comm, const Contest& contest) {
  const SparseRows training = contest.dataset.read(DatasetPart::interactions, my_training_rows(comm, contest.dataset));
  RatingPredictions found;
  found.errors = bias_baseline_errors(fit_bias_baseline(comm, training), contest.rows);
  for (std::size_t entry = 0; entry < found.errors.size(); ++entry)
    found.predictions.push_back(static_cast<double>(contest.rows.heldout.values[entry]) - found.errors[entry]);
  return found;
}

/// Columns without a bias.
Index plain_factors(const MatchedModel& model) {
  return model.items.local.columns() - (model.objective.biases ? 1 : 0);
}

/// The items that a model knows by their features alone, and whom it knows by whatever items.
struct NewItems {
  Catalogue catalogue;
  std::vector<std::uint8_t> known_users;  ///< of each row
};

/// The same on every rank.
NewItems new_items_of(const MatchedModel& model, const HeldoutRows& rows, const std::string& path) {
  std::vector<bool> offered;
  for (Index item = 0; item < model.catalogue.items(); ++item) offered.push_back(model.catalogue.describes(item));
  NewItems found{offering(model.catalogue, offered), {}};
  if (found.catalogue.by_popularity.empty()) {
    throw AgreedError(ExitCode::bad_data, fmt::format("--candidates new: {} knows no item without a training entry; "
                                                      "expected a model of als --item-features, and a split that holds "
                                                      "out items",
                                                      path));
  }
  const EvaluatedFactors factors = model.evaluated();
  for (Index row = 0; row < rows.seen.rows.size(); ++row)
    found.known_users.push_back(factors.knows(model.catalogue, row_columns(rows.seen, row), row) ? 1 : 0);
  return found;
}

/// What is wrong with a model's numbers is said with its name.
template <class Step>
auto naming(const std::string& model, Step&& step) {
  try {
    return step();
  } catch (const AgreedError& error) {
    throw AgreedError(error.code(), fmt::format("{}: {}", model, error.what()));
  }
}

}  // namespace

Catalogue read_catalogue(const Communicator& comm, const DatasetReader& dataset, bool asks_ratings) {
  const RowRange items = Partition::by_count(dataset.items(), comm.size()).range(comm.rank());
  Catalogue catalogue =
      make_catalogue(comm, dataset.users(), dataset.row_sizes(DatasetPart::interactions_by_item, items));
  if (!asks_ratings) return catalogue;
  const RowRange users = Partition::by_count(dataset.users(), comm.size()).range(comm.rank());
  const SparseRows training = dataset.read(DatasetPart::interactions, users);
  const std::span<const float> values = training.values;
  catalogue.mean_rating = mean_rating(comm, {&values, 1});
  return catalogue;
}

void require_used(const std::vector<Baseline>& baselines, const Contest& contest) {
  for (const Baseline& baseline : baselines) {
    if (baseline.ranks() ? !contest.questions.metrics.empty() : contest.asks_ratings) continue;
    throw AgreedError(ExitCode::usage, fmt::format("--baselines {}: expected {} among the metrics", baseline.name,
                                                   baseline.ranks() ? "one of rankings" : "rmse or mae"));
  }
}

Contender measure_model(JobContext& context, const Contest& contest, const std::string& name, const std::string& path,
                        const MatchedModel& model) {
  Contender contender{name, {}, {}};
  EvaluatedFactors factors = model.evaluated();
  std::optional<NewItems> new_items;
  if (contest.candidates == Candidates::new_items) {
    new_items = new_items_of(model, contest.rows, path);
    factors.described_users = new_items->known_users;
  }
  if (!contest.questions.metrics.empty()) {
    const auto timer = context.report.phase("rank");
    const ListQuestions questions = contest.questions.of(new_items ? new_items->catalogue : model.catalogue);
    const ItemStorage storage = item_storage(contest.catalogue.items(), model.users.columns());
    contender.lists =
        naming(path, [&] { return factor_lists(context.comm, factors, questions, contest.rows, storage); });
    fill_diversity(context.comm, questions, model.items, plain_factors(model), *contender.lists);
    const auto users = static_cast<double>(contender.lists->rows.size());
    const auto items = static_cast<double>(contest.catalogue.items());
    context.report.add_flops("rank", 2.0 * users * items * static_cast<double>(model.users.columns()));
  }
  if (contest.asks_ratings) {
    const auto timer = context.report.phase("predict");
    contender.ratings = predict_ratings(context.comm, factors, model.catalogue, contest.rows);
  }
  return contender;
}

Contender measure_model(JobContext& context, const Contest& contest, const std::string& name, const std::string& path,
                        const AnyMatchedModel& model) {
  if (model.factors) return measure_model(context, contest, name, path, *model.factors);
  if (contest.candidates == Candidates::new_items) {
    throw AgreedError(ExitCode::usage,
                      fmt::format("--candidates new: {} is an item model, which knows no new items", path));
  }
  const auto timer = context.report.phase("rank");
  Contender contender{name, {}, {}};
  const ListQuestions questions = contest.questions.of(model.catalogue);
  const ItemScorer scorer{model.items->weights, model.items->weighting};
  ItemModelLists lists = naming(path, [&] { return item_model_lists(context.comm, scorer, questions, contest.rows); });
  contender.lists = std::move(lists.table);
  context.report.event("item_model_lists",
                       {{"model", path}, {"popular_users", lists.popular_users}, {"short_lists", lists.short_lists}});
  if (lists.popular_users > 0) {
    context.report.warning(
        fmt::format("{}: no new item has a score above 0 for {}: the popular items are measured there", path,
                    counted(lists.popular_users, "user")));
  }
  if (lists.short_lists > 0) {
    context.report.line(fmt::format("{}: {} {} fewer than {}: no others have a score above 0", path,
                                    counted(lists.short_lists, "list"), verb(lists.short_lists, "has", "have"),
                                    counted(questions.longest(), "item")));
  }
  return contender;
}

Contender measure_blend(JobContext& context, const Contest& contest, const std::string& name, const ModelChoice& choice,
                        const std::vector<EvaluatedModel>& models, const Catalogue& joint) {
  const auto timer = context.report.phase("blend");
  const ListQuestions questions = contest.questions.of(joint);
  const std::vector<BlendedModel> blended = blended_models(context.comm, contest.rows, models);
  const std::vector<double> shares = shares_of(choice.weights.value());
  std::vector<BlendedTable> tables =
      blended_tables(context.comm, {blended, choice.normalization()}, {&shares, 1}, questions, contest.rows);
  const Index popular_users = tables.front().popular_users;
  context.report.event("blended_lists", {{"models", std::ssize(models)}, {"popular_users", popular_users}});
  if (popular_users > 0) {
    context.report.warning(
        fmt::format("{}: every model scores all new items the same for {}: the popular items are "
                    "measured there",
                    choice.text(), counted(popular_users, "user")));
  }
  return {name, std::move(tables.front().table), {}};
}

Contender measure_baseline(JobContext& context, const Contest& contest, const Baseline& baseline,
                           const AnyMatchedModel& model) {
  const auto timer = context.report.phase("baselines");
  Contender contender{baseline.name, {}, {}};
  if (baseline.ranks()) {
    contender.lists = lists_of(context, contest, baseline);
    if (const auto& factors = model.factors)
      fill_diversity(context.comm, contest.questions, factors->items, plain_factors(*factors), *contender.lists);
  } else {
    contender.ratings = predict_by_biases(context.comm, contest);
  }
  return contender;
}

}  // namespace rankwise
