#pragma once
// Validation of a training: a metric of what is held out after each epoch, which epoch is the best, and when to stop.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "distributed/als/training.hpp"
#include "distributed/evaluation/factor_evaluation.hpp"
#include "distributed/features/feature_rows.hpp"
#include "io/dataset/dataset.hpp"
#include "io/model/model.hpp"
#include "jobs/run/job.hpp"
#include "kernels/ranking/ranking_metrics.hpp"

namespace rankwise {

struct ValidationOptions {
  std::optional<EvaluationMetric> metric;  ///< none: no validation
  std::optional<Index> patience;           ///< evaluations without a better one before the training stops
  std::optional<Index> every_epochs;

  [[nodiscard]] Index epochs_between() const { return every_epochs.value_or(1); }
};

/// Adds the options; `options` outlives them.
void describe_validation(boost::program_options::options_description& description,
                         const std::shared_ptr<ValidationOptions>& options);

/// Throws AgreedError(usage) where an option would be without effect in a training of so many epochs, or the metric has
/// no meaning for the objective.
void require_sense(const ValidationOptions& options, const Objective& objective, Index epochs);

/// Throws AgreedError(usage) where a metric is asked for and the dataset, of that name, holds nothing out.
void require_heldout(const ValidationOptions& options, const DatasetReader& dataset, const std::string& data);

/// The fold that a training opens its dataset with: its own, or if it has a metric and the dataset a validation part,
/// that. Collective over context.comm; throws AgreedError.
[[nodiscard]] std::optional<Fold> validating_fold(const ValidationOptions& options, const std::optional<Fold>& fold,
                                                  const std::string& data, const JobContext& context);

/// Which part a metric reads; a warning if it is the held-out part, by which the model is then chosen and measured.
/// `fold`: that of the training, `opened` that of the dataset.
void tell_validated_part(const ValidationOptions& options, const std::optional<Fold>& fold,
                         const std::optional<Fold>& opened, Report& report);

/// For each prefix of the history, from that of no epochs: the epoch, from 1, with the best value; the earliest of
/// equals; 0 where none has been evaluated.
[[nodiscard]] std::vector<Index> best_epochs(const EvaluationMetric& metric, std::span<const EpochLoss> history);

/// Where the best epoch's factors are meanwhile.
enum class BestFactors { in_memory, in_checkpoints };

/// Bytes of this rank for validation of a training whose users are in `user_rows`. With a budget (0: none) rankings
/// store their items as takes less. Collective over comm.
[[nodiscard]] Index validation_bytes(const Communicator& comm, const ValidationOptions& options,
                                     const DatasetReader& dataset, const Partition& user_rows, Index width,
                                     Index memory_budget_bytes);

/// Factors of both sides, this rank's rows.
struct FactorPair {
  Matrix users;
  Matrix items;
};

/// What of a training with features a validation needs; of this rank.
struct ValidationFeatures {
  std::vector<std::uint8_t> described_users = {};  ///< of each user of the training; empty: users have no features
  std::vector<std::uint8_t> described_items = {};  ///< likewise of items
  std::optional<FeatureRows> new_users = {};       ///< of users that were held out whole
};

/// The validation of one training; does nothing where no metric is asked for. Every member but is_over() and
/// best_epoch() is collective over the job's ranks.
class Validation {
 public:
  /// Reads what is held out. `item_entries`: of this rank's items, in rank order; `mean_rating`: of the training part,
  /// of objectives that predict ratings. Throws AgreedError.
  Validation(const ValidationOptions& options, JobContext& context, const DatasetReader& dataset,
             const Partition& user_rows, std::span<const Index> item_entries, std::optional<double> mean_rating,
             BestFactors best, Index memory_budget_bytes, ValidationFeatures features = {});

  /// After an epoch, whose loss is the last of the history: evaluates the factors where it is their turn, enters the
  /// value into the loss, and tells it. Throws AgreedError.
  void measure(const AlsTraining& training, EpochLoss& loss);

  /// Whether the best evaluation is as old as patience allows.
  [[nodiscard]] bool is_over(std::span<const EpochLoss> history) const;
  /// From 1; nothing where epochs are not compared.
  [[nodiscard]] std::optional<Index> best_epoch(std::span<const EpochLoss> history) const;
  /// Tells the metric of lists by popularity on the same rows beside this value of it, and warns if the value is not
  /// better. Of metrics that rank. `data`: the dataset, for the command that helps. Collective.
  void compare_with_popularity(double best_value, const std::string& data) const;
  /// The best epoch's factors, where they are in memory.
  [[nodiscard]] FactorPair take_best() { return std::move(best_); }

 private:
  [[nodiscard]] ListRule rule() const { return {catalogue_, SeenItems::exclude}; }
  void tell_what_is_ranked();
  [[nodiscard]] MetricEstimate evaluate(const AlsTraining& training) const;
  [[nodiscard]] Matrix new_users(const AlsTraining& training, const AlsFactors& items) const;
  /// Of each local row of rows_.
  [[nodiscard]] std::span<const std::uint8_t> described_users() const;
  [[nodiscard]] Index evaluations_since_best(std::span<const EpochLoss> history) const;
  void tell(const MetricEstimate& estimate, std::span<const EpochLoss> history) const;

  const ValidationOptions& options_;
  JobContext& context_;
  BestFactors keeps_;
  Index memory_budget_bytes_ = 0;
  bool are_new_users_ = false;  ///< held out whole: folded in for each evaluation
  HeldoutRows rows_;
  Catalogue catalogue_;
  ValidationFeatures features_;
  FactorPair best_;
};

}  // namespace rankwise
