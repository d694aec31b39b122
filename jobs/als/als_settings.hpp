#pragma once
// What the user asks of a training: the options of `als`, which `scale` and `plan` have too.

#include <memory>
#include <optional>
#include <string>

#include "distributed/als/solver_plan.hpp"
#include "distributed/exchange/exchange_plan.hpp"
#include "distributed/log/fold.hpp"
#include "io/dataset/dataset.hpp"
#include "jobs/als/feature_options.hpp"
#include "jobs/als/validation.hpp"
#include "jobs/checkpoint/checkpoint_options.hpp"
#include "kernels/als/objective.hpp"

namespace boost::program_options {
class options_description;
}

namespace rankwise {

/// Whether ranks of a node have one copy of the rows that they gather: where a node has several, or never.
enum class NodeSharing { automatic, off };

struct AlsOptions {
  std::string data;
  std::string model;
  std::string warm_start;  ///< an older model to begin from; empty: at random
  std::string forget;      ///< a list of users that nothing may have learned of; empty: nobody
  std::string pseudonyms;  ///< where the key is with which the dataset's pseudonyms are made; empty: nowhere
  Objective objective;     ///< but for the two that follow
  std::optional<double> regularization;
  std::optional<double> unobserved_weight;  ///< none: by the size of the matrix
  SolverOptions solver;
  Index factors = 0;
  Index epochs = 16;
  RowFormat row_format = RowFormat::float32;
  Index memory_budget_bytes = 0;  ///< of each rank; 0: as much as it takes
  NodeSharing node_sharing = NodeSharing::automatic;
  std::optional<Fold> fold;  ///< without what it validates; its seed is the run's
  TrainedOn trained_on = TrainedOn::training;
  std::string epochs_of;  ///< a model whose number of epochs replaces `epochs`; empty: none
  std::shared_ptr<CheckpointOptions> checkpoints = std::make_shared<CheckpointOptions>();
  std::shared_ptr<ValidationOptions> validation = std::make_shared<ValidationOptions>();
  std::shared_ptr<FeatureOptions> features = std::make_shared<FeatureOptions>();
};

/// Adds the options that say what is trained, all but files; `options` outlives them, and its epochs are the default.
/// The resolved values of a run are what the program needs to train the same model.
void describe_training(boost::program_options::options_description& description,
                       const std::shared_ptr<AlsOptions>& options);

/// Throws AgreedError(usage) where an option would be silently without effect.
void require_sense(const AlsOptions& options);

/// The objective for a matrix of this size. Its regularization is by default far more for ratings than for implicit
/// losses, whose unobserved part regularizes too; its unobserved weight is balanced_unobserved_weight() unless given.
[[nodiscard]] Objective resolved_objective(const AlsOptions& options, const MatrixSize& size);

}  // namespace rankwise
