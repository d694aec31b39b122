#include "jobs/als/validation.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <cmath>
#include <fmt/format.h>
#include <numeric>
#include <utility>

#include "distributed/als/described_rows.hpp"
#include "distributed/als/fold_in.hpp"
#include "distributed/evaluation/item_order.hpp"
#include "distributed/evaluation/metric_sample.hpp"
#include "distributed/evaluation/simple_lists.hpp"
#include "jobs/evaluate/evaluation_report.hpp"
#include "jobs/evaluate/metrics.hpp"
#include "jobs/evaluate/models/heldout_users.hpp"
#include "jobs/options/choices.hpp"

namespace rankwise {

namespace {

/// All users that are evaluated: those of the training, or those that were held out whole.
Partition evaluated_users(const DatasetReader& dataset, const Partition& user_rows) {
  if (!dataset.has(DatasetPart::given)) return user_rows;
  return Partition::by_count(dataset.rows(DatasetPart::given), user_rows.parts());
}

/// The same on every rank.
ItemStorage ranking_storage(const EvaluationMetric& metric, const Partition& users, Index items, Index width,
                            Index memory_budget_bytes) {
  if (memory_budget_bytes == 0) return item_storage(items, width);
  Index most_users = 0;
  for (int part = 0; part < users.parts(); ++part) most_users = std::max(most_users, users.range(part).size());
  return smaller_storage(most_users, items, width, metric.cutoff);
}

std::function<void(Index)> count_of(const char* option, std::optional<Index>& target) {
  return [option, &target](Index count) {
    within<Index>(option, 1, 1'000'000)(count);
    target = count;
  };
}

EvaluationMetric accuracy_metric(const std::string& text) {
  EvaluationMetric metric = parse_metric("validation-metric", text);
  if (metric.is_of_accuracy()) return metric;
  throw Error(ExitCode::usage,
              fmt::format("--validation-metric {}: expected a metric of accuracy, such as ndcg@100", text));
}

}  // namespace

void describe_validation(boost::program_options::options_description& description,
                         const std::shared_ptr<ValidationOptions>& options) {
  namespace po = boost::program_options;
  // clang-format off
  description.add_options()
    ("validation-metric", po::value<std::string>()->value_name("METRIC")->notifier([options](const std::string& text) {
       options->metric = accuracy_metric(text); }),
     "evaluate the held-out part after each epoch by a metric of accuracy, as evaluate does: recall@K, precision@K, ndcg@K, map@K, mrr@K, hr@K, revenue@K, auc, rmse or mae; and write the model of the best epoch")
    ("patience", po::value<Index>()->value_name("N")->notifier(count_of("patience", options->patience)),
     "stop after N evaluations in a row without a better one")
    ("validation-every", po::value<Index>()->value_name("N")->notifier(count_of("validation-every", options->every_epochs)),
     "evaluate every N epochs; 1 where not given. Only evaluated epochs can be the best");
  // clang-format on
}

void require_sense(const ValidationOptions& options, const Objective& objective, Index epochs) {
  const auto refuse = [](const std::string& message) { throw AgreedError(ExitCode::usage, message); };
  if (!options.metric) {
    if (options.patience) refuse("--patience has a meaning only with --validation-metric");
    if (options.every_epochs) refuse("--validation-every has a meaning only with --validation-metric");
    return;
  }
  if (!options.metric->ranks() && objective.loss == LossKind::implicit_feedback) {
    refuse(fmt::format("--validation-metric {} has a meaning only with --objective explicit", options.metric->name));
  }
  if (options.epochs_between() > epochs) {
    refuse(fmt::format("--validation-every {}: expected at most the {} of --epochs", options.epochs_between(), epochs));
  }
}

void require_heldout(const ValidationOptions& options, const DatasetReader& dataset, const std::string& data) {
  if (!options.metric || (dataset.has(DatasetPart::heldout) && dataset.entries(DatasetPart::heldout) > 0)) return;
  throw AgreedError(ExitCode::usage,
                    fmt::format("--validation-metric {}: {} holds nothing out; expected a dataset from "
                                "prepare --split",
                                options.metric->name, data));
}

std::optional<Fold> validating_fold(const ValidationOptions& options, const std::optional<Fold>& fold,
                                    const std::string& data, const JobContext& context) {
  if (!options.metric || fold) return fold;
  // Its shapes alone, which HDF5's own checksums cover.
  const DatasetReader dataset(context.comm, data, std::nullopt, TrainedOn::training, InputCheck::none);
  return dataset.has(DatasetPart::validation) ? parse_fold("prepared") : std::nullopt;
}

void tell_validated_part(const ValidationOptions& options, const std::optional<Fold>& fold,
                         const std::optional<Fold>& opened, Report& report) {
  if (!options.metric || fold) return;
  const std::string& name = options.metric->name;
  report.event("validated_part",
               {{"part", std::string(opened ? "validation" : "heldout")}, {"is_reported", !opened.has_value()}});
  if (opened) {
    report.line(fmt::format("--validation-metric {} reads the validation part", name));
    return;
  }
  report.warning(
      fmt::format("--validation-metric {} reads the held-out part, so that the epoch is chosen by what "
                  "evaluate reports, whose values are then somewhat too good; prepare --validation makes a "
                  "part to choose by",
                  name));
}

std::vector<Index> best_epochs(const EvaluationMetric& metric, std::span<const EpochLoss> history) {
  std::vector<Index> best{0};
  for (std::size_t e = 0; e < history.size(); ++e) {
    const double value = history[e].validation;
    const Index before = best.back();
    const bool is_best =
        !std::isnan(value) &&
        (before == 0 || metric.is_better(value, history[static_cast<std::size_t>(before - 1)].validation));
    best.push_back(is_best ? static_cast<Index>(e) + 1 : before);
  }
  return best;
}

Index validation_bytes(const Communicator& comm, const ValidationOptions& options, const DatasetReader& dataset,
                       const Partition& user_rows, Index width, Index memory_budget_bytes) {
  if (!options.metric) return 0;
  const bool are_new_users = dataset.has(DatasetPart::given);
  const RowRange mine = evaluated_users(dataset, user_rows).range(comm.rank());
  const auto entries = [&](DatasetPart part) {
    const std::vector<Index> sizes = dataset.row_sizes(part, mine);
    return std::accumulate(sizes.begin(), sizes.end(), Index{0});
  };
  const Index heldout = entries(DatasetPart::heldout);
  const Index seen = entries(are_new_users ? DatasetPart::given : DatasetPart::interactions);
  // A column and a value; a side that is made of them has both once more, in another form and on the way to it.
  constexpr Index entry_bytes = sizeof(Index) + sizeof(float);
  const Index row_bytes = padded_columns(width) * static_cast<Index>(sizeof(float));
  const auto side_bytes = [&](Index of_entries) {
    return 2 * of_entries * entry_bytes + 3 * std::min(of_entries, dataset.items()) * row_bytes;
  };
  Index bytes = (heldout + seen) * entry_bytes + mine.size() * 4 * static_cast<Index>(sizeof(Index));
  if (options.metric->ranks()) {
    const ItemStorage storage = ranking_storage(*options.metric, evaluated_users(dataset, user_rows), dataset.items(),
                                                width, memory_budget_bytes);
    bytes += ranking_bytes(mine.size(), dataset.items(), width, options.metric->cutoff, storage) + seen * entry_bytes;
  } else {
    bytes += side_bytes(heldout) + 2 * heldout * static_cast<Index>(sizeof(double));
  }
  bytes += catalogue_bytes(dataset.items());
  if (are_new_users) bytes += side_bytes(seen) + mine.size() * row_bytes;
  return bytes;
}

Validation::Validation(const ValidationOptions& options, JobContext& context, const DatasetReader& dataset,
                       const Partition& user_rows, std::span<const Index> item_entries,
                       std::optional<double> mean_rating, BestFactors best, Index memory_budget_bytes,
                       ValidationFeatures features)
    : options_(options),
      context_(context),
      keeps_(best),
      memory_budget_bytes_(memory_budget_bytes),
      features_(std::move(features)) {
  if (!options.metric) return;
  const auto timer = context.report.phase("read");
  are_new_users_ = dataset.has(DatasetPart::given);
  rows_ = read_heldout_rows(context.comm, dataset, evaluated_users(dataset, user_rows));
  require_amounts(context.comm, rows_, {&*options.metric, 1});
  catalogue_ = make_catalogue(context.comm, dataset.users(), item_entries, features_.described_items);
  catalogue_.mean_rating = mean_rating;
  if (options.metric->ranks()) tell_what_is_ranked();
}

void Validation::tell_what_is_ranked() {
  const RankingCounts counts = count_rankings(context_.comm, rule(), rows_, described_users());
  tell_rankings(context_.report, counts);
  if (counts.users > 0) return;
  throw AgreedError(ExitCode::bad_data,
                    fmt::format("--validation-metric {}: every held-out pair is in the training part "
                                "too; expected some new ones, which prepare --repeats drop leaves",
                                options_.metric->name));
}

std::span<const std::uint8_t> Validation::described_users() const {
  if (!are_new_users_) return features_.described_users;
  return features_.new_users ? std::span<const std::uint8_t>(features_.new_users->is_described)
                             : std::span<const std::uint8_t>();
}

Matrix Validation::new_users(const AlsTraining& training, const AlsFactors& items) const {
  const Communicator& comm = context_.comm;
  if (!features_.new_users)
    return fold_in(comm, training.objective, rows_.partition, rows_.seen, items, "held-out user");
  const Matrix weights = training.users.regression->solve(comm, training.users.factors.factors.local.view());
  return fold_in_described(comm, training.objective, rows_.partition, rows_.seen, items, "held-out user",
                           *features_.new_users, weights.view());
}

MetricEstimate Validation::evaluate(const AlsTraining& training) const {
  const Communicator& comm = context_.comm;
  // 1. Rows without entries as features predict them: what a model of this epoch would hold.
  const TrainedSide& of_items = training.items;
  std::optional<AlsFactors> described_items;
  if (of_items.regression) {
    described_items.emplace(AlsFactors{{of_items.factors.factors.partition, describe_side(comm, of_items).factors},
                                       of_items.factors.gramian.clone()});
  }
  const AlsFactors& items = described_items ? *described_items : of_items.factors;
  Matrix users;
  if (are_new_users_) {
    users = new_users(training, items);
  } else if (training.users.regression) {
    users = describe_side(comm, training.users).factors;
  }
  // 2. Their lists, or predictions.
  const bool are_training_own = !are_new_users_ && !training.users.regression;
  const ConstMatrixView evaluated =
      are_training_own ? training.users.factors.factors.local.view() : std::as_const(users).view();
  const ItemStorage storage = ranking_storage(*options_.metric, rows_.partition, items.factors.partition.rows(),
                                              evaluated.columns, memory_budget_bytes_);
  return evaluate_factors(comm, {training.objective, evaluated, items.factors, described_users()}, rule(),
                          *options_.metric, rows_, storage);
}

void Validation::measure(const AlsTraining& training, EpochLoss& loss) {
  const std::vector<EpochLoss>& history = training.progress.history;
  const auto epoch = static_cast<Index>(history.size());
  if (!options_.metric || epoch % options_.epochs_between() != 0) return;
  const auto timer = context_.report.phase("validation");
  try {
    const MetricEstimate estimate = evaluate(training);
    loss.validation = estimate.value;
    tell(estimate, history);
  } catch (const AgreedError& error) {
    throw AgreedError(error.code(), fmt::format("epoch {}: {}", epoch, error.what()));
  }
  if (keeps_ == BestFactors::in_memory && best_epoch(history) == epoch) {
    best_ = {};  // before the new ones are there
    best_ = {training.users.factors.factors.local.clone(), training.items.factors.factors.local.clone()};
  }
}

std::optional<Index> Validation::best_epoch(std::span<const EpochLoss> history) const {
  if (!options_.metric) return std::nullopt;
  const Index best = best_epochs(*options_.metric, history).back();
  return best > 0 ? std::optional(best) : std::nullopt;
}

Index Validation::evaluations_since_best(std::span<const EpochLoss> history) const {
  const auto since = history.subspan(static_cast<std::size_t>(best_epoch(history).value_or(0)));
  return std::ranges::count_if(since, [](const EpochLoss& epoch) { return !std::isnan(epoch.validation); });
}

bool Validation::is_over(std::span<const EpochLoss> history) const {
  return options_.patience && evaluations_since_best(history) >= *options_.patience;
}

void Validation::tell(const MetricEstimate& estimate, std::span<const EpochLoss> history) const {
  const auto epoch = static_cast<Index>(history.size());
  const Index best = best_epoch(history).value_or(epoch);
  const double best_value = history[static_cast<std::size_t>(best - 1)].validation;
  const std::string standing =
      best == epoch ? "the best so far" : fmt::format("the best is {:.6f} after epoch {}", best_value, best);
  const std::string& name = estimate.metric.name;
  context_.report.line(fmt::format("validation after epoch {}: {} {:.6f} (standard error {:.6f}), {}", epoch, name,
                                   estimate.value, estimate.standard_error, standing));
  context_.report.event("validation", {{"epoch", epoch},
                                       {"metric", name},
                                       {"value", estimate.value},
                                       {"standard_error", estimate.standard_error},
                                       {"best_epoch", best},
                                       {"best_value", best_value}});
  if (!is_over(history)) return;
  context_.report.line(fmt::format("stops after epoch {}: {} has not become better in {} evaluation{}", epoch, name,
                                   *options_.patience, *options_.patience == 1 ? "" : "s"));
  context_.report.event("stopped_by_patience", {{"epoch", epoch}, {"best_epoch", best}});
}

void Validation::compare_with_popularity(double best_value, const std::string& data) const {
  const EvaluationMetric& metric = *options_.metric;
  if (!metric.ranks()) return;
  const auto timer = context_.report.phase("validation");
  const ListQuestions questions{rule(), {metric}};
  const ListTable lists = order_lists(questions, rows_, order_by_popularity(questions.rule.catalogue));
  const MetricColumn column{metric, lists.values.front()};
  const double popularity = metric_estimates(context_.comm, {&column, 1}).front().value;
  context_.report.event("validation_baseline",
                        {{"metric", metric.name}, {"model", best_value}, {"popularity", popularity}});
  if (metric.is_better(best_value, popularity)) {
    context_.report.line(
        fmt::format("{} {:.6f}; lists by popularity have {:.6f}", metric.name, best_value, popularity));
    return;
  }
  context_.report.warning(
      fmt::format("{} {:.6f} is not better than the {:.6f} of lists by popularity; this searches better options: "
                  "rankwise sweep plan FOLDER --data {}",
                  metric.name, best_value, popularity, data));
}

}  // namespace rankwise
