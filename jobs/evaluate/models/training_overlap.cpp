#include "jobs/evaluate/models/training_overlap.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <limits>

#include "jobs/run/dataset_shelf.hpp"
#include "kernels/text/utc_text.hpp"

namespace rankwise {

namespace {

constexpr std::array disjoint_words{"own split", "users", "times", "not shown"};  // by Disjoint

/// A time that all that is held out is later than. A split at one time says it, to the second; of any other one, and of
/// folds, no more is known than when the log begins.
std::optional<std::int64_t> heldout_after(const HeldoutData& data) {
  const LogTimes times = data.dataset->log_times();
  if (!data.fold && times.last_training_seconds) return times.last_training_seconds;
  if (!times.first_seconds || *times.first_seconds == std::numeric_limits<std::int64_t>::min()) return std::nullopt;
  return *times.first_seconds - 1;
}

bool is_later(const TrainingOverlap& overlap) {
  return overlap.last_training_seconds && overlap.heldout_after_seconds &&
         *overlap.last_training_seconds <= *overlap.heldout_after_seconds;
}

/// Whether an ancestor was trained on all of another dataset, which does not end before what is held out begins.
bool has_ancestor_of_all(const TrainingOverlap& overlap) {
  return overlap.ancestor_datasets > 0 && !is_later(overlap);
}

/// Which of the model's ancestors may have learned what this dataset holds out, without those of datasets of which
/// an ancestor has all.
void count_ancestors(const HeldoutData& data, const TrainingRecord& model, TrainingOverlap& overlap) {
  const std::vector<std::uint64_t>& of_all = model.lineage_trained_on_all;
  overlap.ancestor_datasets = std::ssize(of_all);
  for (const std::uint64_t digest : model.lineage_datasets) {
    if (digest == 0) {
      ++overlap.ancestors_unknown;
    } else if (digest != data.dataset->provenance().dataset_digest &&
               std::ranges::find(of_all, digest) == of_all.end()) {
      ++overlap.ancestors_elsewhere;
    }
  }
}

/// Why it cannot be shown, in words.
std::string reason(const TrainingOverlap& overlap) {
  if (!overlap.last_training_seconds) return "it does not say when its training ended";
  const std::string ended = utc_text(*overlap.last_training_seconds);
  if (!overlap.heldout_after_seconds)
    return fmt::format("its training ended at {}, and the dataset has no times", ended);
  return fmt::format("its training ended at {} (UTC), and all that is known of what is held out is that it is after {}",
                     ended, utc_text(*overlap.heldout_after_seconds));
}

void tell_other_dataset(Report& report, const TrainingOverlap& overlap, const HeldoutData& data,
                        const std::string& model_path) {
  const std::string learned = fmt::format("{} has not learned what {} holds out", model_path, data.path);
  switch (overlap.disjoint) {
    case Disjoint::own_split:
      return;
    case Disjoint::users:
      report.line(fmt::format("{}: none of these users was in its training", learned));
      break;
    case Disjoint::times:
      report.line(fmt::format("{}: its training ended at {} (UTC), and that is later", learned,
                              utc_text(*overlap.last_training_seconds)));
      break;
    case Disjoint::not_shown:
      break;  // a warning
  }
  report.event("training_overlap", {{"disjoint", std::string(disjoint_word(overlap.disjoint))},
                                    {"trained_on_all", Index{overlap.trained_on_all ? 1 : 0}}});
}

}  // namespace

HeldoutData open_heldout_data(const JobContext& context, const std::string& path, const TrainingRecord& model) {
  std::optional<Fold> fold = model.trained_fold;
  TrainedOn learned = model.trained_on == TrainedOn::training_and_validation ? model.trained_on : TrainedOn::training;
  if (fold || learned != TrainedOn::training) {  // the digest of the file, which other folds share
    const DatasetReader file(context.comm, path, std::nullopt, TrainedOn::training, InputCheck::none);
    if (!is_own_dataset(file, model)) {
      fold.reset();
      learned = TrainedOn::training;
    }
  }
  return {path, fold, open_dataset(context, path, fold, learned)};
}

void require_unseen_heldout(const HeldoutData& data, const TrainingRecord& model, const std::string& model_path) {
  const auto refuse = [](const std::string& text) { throw AgreedError(ExitCode::bad_data, text); };
  const std::uint64_t digest = data.dataset->provenance().dataset_digest;
  const std::vector<std::uint64_t>& of_ancestors = model.lineage_trained_on_all;
  if (std::ranges::find(of_ancestors, digest) != of_ancestors.end()) {
    refuse(
        fmt::format("{} began with a model that was trained on all of {} (--warm-start), so that the held-out part "
                    "cannot measure it; expected a model of --train-on training without such an ancestor",
                    model_path, data.path));
  }
  if (model.provenance.dataset_digest != digest) return;
  if (model.trained_on == TrainedOn::all) {
    refuse(
        fmt::format("{} was trained on all of {}, so that the held-out part cannot measure it; expected a model of "
                    "--train-on training",
                    model_path, data.path));
  }
  if (data.fold && data.fold->kind == FoldKind::prepared && model.trained_on == TrainedOn::training_and_validation) {
    refuse(fmt::format("{} was trained on the validation part of {} too, so that this cannot measure it", model_path,
                       data.path));
  }
  if (data.fold && data.fold->kind != FoldKind::prepared && model.trained_fold != data.fold) {
    refuse(fmt::format("{} was trained on what the fold {} of {} holds out; expected a model of --fold {}", model_path,
                       fold_text(*data.fold), data.path, fold_text(*data.fold)));
  }
}

bool ancestor_may_know(const TrainingOverlap& overlap) {
  return overlap.disjoint == Disjoint::own_split && !is_later(overlap) &&
         overlap.ancestors_elsewhere + overlap.ancestors_unknown > 0;
}

bool may_know_heldout(const TrainingOverlap& overlap) {
  return overlap.disjoint == Disjoint::not_shown || has_ancestor_of_all(overlap) || ancestor_may_know(overlap);
}

const char* disjoint_word(Disjoint disjoint) {
  return disjoint_words[static_cast<std::size_t>(disjoint)];
}

TrainingOverlap training_overlap(const HeldoutData& data, const TrainingRecord& model,
                                 const std::optional<MatchCounts>& counts) {
  TrainingOverlap overlap;
  count_ancestors(data, model, overlap);
  overlap.last_training_seconds = model.last_training_seconds;
  overlap.heldout_after_seconds = heldout_after(data);
  if (!counts) {
    // Whatever the view of the dataset; the validation part, if it has one, was read in place of the held-out part.
    overlap.chosen_by_heldout = model.compared_epochs && model.trained_on == TrainedOn::training &&
                                !model.trained_fold && !data.fold && !data.dataset->validation_figures();
    return overlap;
  }
  overlap.trained_on_all = model.trained_on == TrainedOn::all;
  if (counts->known_users == Index{0} && model.lineage.empty()) {
    overlap.disjoint = Disjoint::users;
  } else {
    overlap.disjoint = is_later(overlap) ? Disjoint::times : Disjoint::not_shown;
  }
  return overlap;
}

std::vector<std::string> overlap_warnings(const TrainingOverlap& overlap, const HeldoutData& data,
                                          const std::string& model_path) {
  std::vector<std::string> warnings;
  if (overlap.chosen_by_heldout) {
    warnings.push_back(
        fmt::format("the epoch of {} was chosen by this held-out part (--validation-metric), so that the metrics are "
                    "somewhat too good; prepare --validation makes a part to choose by",
                    model_path));
  }
  if (overlap.disjoint == Disjoint::not_shown) {
    warnings.push_back(
        fmt::format("{} was trained on another dataset than {}, and cannot be shown not to have learned "
                    "part of what this holds out: {}{}; the metrics may be too good",
                    model_path, data.path, overlap.trained_on_all ? "it was trained on all of its dataset, " : "",
                    reason(overlap)));
  }
  if (has_ancestor_of_all(overlap)) {
    warnings.push_back(
        fmt::format("an ancestor of {} (--warm-start) was trained on all of another dataset: the held-out "
                    "part may partly be in that dataset, and the metrics are then too good",
                    model_path));
  }
  if (ancestor_may_know(overlap)) {
    warnings.push_back(fmt::format(
        "an ancestor of {} (--warm-start) was trained on {}: its training part may have what {} holds out, and the "
        "metrics are then too good",
        model_path,
        overlap.ancestors_elsewhere > 0 ? "another dataset" : "a dataset that is not known (an older version wrote it)",
        data.path));
  }
  return warnings;
}

void tell_overlap(Report& report, const TrainingOverlap& overlap, const HeldoutData& data,
                  const std::string& model_path) {
  tell_other_dataset(report, overlap, data, model_path);
  if (overlap.chosen_by_heldout) report.event("chosen_by_heldout", {{"model", model_path}});
  if (ancestor_may_know(overlap)) {
    report.event("ancestors_elsewhere",
                 {{"elsewhere", overlap.ancestors_elsewhere}, {"unknown", overlap.ancestors_unknown}});
  }
  if (!has_ancestor_of_all(overlap)) return;
  report.event("ancestor_trained_on_all", {{"datasets", overlap.ancestor_datasets}});
}

}  // namespace rankwise
