#pragma once
// Options of every training: which part of a dataset it is of.

#include <boost/program_options.hpp>
#include <optional>

#include "distributed/log/fold.hpp"
#include "io/dataset/trained_on.hpp"

namespace rankwise {

/// Adds --fold; `fold` outlives the description. Its seed is the run's (seeded()).
void describe_fold(boost::program_options::options_description& description, std::optional<Fold>& fold);

/// Adds --train-on; likewise.
void describe_training_part(boost::program_options::options_description& description, TrainedOn& trained_on);

/// Throws Error(usage) for a fold of anything but the training part, which alone has folds.
void require_foldable(const std::optional<Fold>& fold, TrainedOn trained_on);

}  // namespace rankwise
