#include "jobs/options/training_part.hpp"

#include <fmt/format.h>
#include <string>

#include "jobs/options/choices.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace po = boost::program_options;

void describe_fold(po::options_description& description, std::optional<Fold>& fold) {
  // clang-format off
  description.add_options()
    ("fold", po::value<std::string>()->value_name("KIND[:N[/COUNT[@REPEAT]]]")->notifier([&fold](const std::string& text) {
       fold = parse_fold(text);
       if (!fold) throw Error(ExitCode::usage, fmt::format("--fold {}: expected interactions:N/COUNT, users:N/COUNT, temporal:N/COUNT, column:N or rolling:N, as in interactions:1/5", text)); }),
     "train without the Nth of COUNT folds of the dataset's training part, which evaluate then takes in place of the held-out part. interactions, users: each "
     "interaction, or each user whole, falls into one by the seed; @2 is a second division. temporal: the time line is cut into COUNT + 1 parts of equal numbers of "
     "interactions, and what is before the Nth cut is trained on, what follows up to the next one validated. column: those that the dataset has in fold N (prepare --folds). rolling: trained on the folds below N, and fold N validated. prepared: train on the whole training part, and evaluate takes the validation part");
  // clang-format on
}

void describe_training_part(po::options_description& description, TrainedOn& trained_on) {
  // clang-format off
  description.add_options()
    ("train-on", po::value<std::string>()->value_name("training|training+validation|all")->default_value("training")->notifier(
       one_of<TrainedOn>("train-on", trained_on, {{"training", TrainedOn::training}, {"training+validation", TrainedOn::training_and_validation}, {"all", TrainedOn::all}})),
     "training: the dataset's training part; training+validation: its validation part too, once the settings are chosen by that, so that evaluate still measures the model on the held-out part; "
     "all: the held-out part and what was given too, for the model that is served");
  // clang-format on
}

void require_foldable(const std::optional<Fold>& fold, TrainedOn trained_on) {
  if (!fold || trained_on == TrainedOn::training) return;
  throw Error(ExitCode::usage, trained_on == TrainedOn::all
                                   ? "--train-on all leaves nothing to validate; --fold needs --train-on training"
                                   : "--train-on training+validation has no folds; --fold needs --train-on training");
}

}  // namespace rankwise
