#pragma once
// Whether a model has learned what is to measure it.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "distributed/log/fold.hpp"
#include "io/dataset/dataset.hpp"
#include "io/model/training_record.hpp"
#include "jobs/evaluate/models/matched_model.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// A dataset whose held-out part, or the fold's, measures models.
struct HeldoutData {
  std::string path;
  std::optional<Fold> fold;  ///< of the model that it was opened for, if it is that one's own dataset
  std::shared_ptr<const DatasetReader> dataset;
};

/// Opens the dataset for a model: with the fold that it left out, if this is its own dataset. Collective over
/// context.comm; throws AgreedError as DatasetReader's construction.
[[nodiscard]] HeldoutData open_heldout_data(const JobContext& context, const std::string& path,
                                            const TrainingRecord& model);

/// Throws AgreedError(bad_data) if the model, or an ancestor of it (--warm-start), was trained on all of this dataset,
/// or on what the fold holds out. Collective over the dataset's ranks.
void require_unseen_heldout(const HeldoutData& data, const TrainingRecord& model, const std::string& model_path);

/// Why the interactions that a model has learned are others than those held out; or that nothing shows it.
enum class Disjoint { own_split, users, times, not_shown };

/// What is known of it; the same on every rank.
struct TrainingOverlap {
  Disjoint disjoint = Disjoint::own_split;
  bool trained_on_all = false;     ///< the model, of another dataset
  bool chosen_by_heldout = false;  ///< the model's epoch, by --validation-metric: its dataset has no validation part
  Index ancestor_datasets = 0;     ///< other datasets that an ancestor was trained on all of
  Index ancestors_elsewhere = 0;   ///< ancestors that were trained on a part of another dataset
  Index ancestors_unknown = 0;     ///< ancestors of which it is not known what they were trained on
  std::optional<std::int64_t> last_training_seconds = {};  ///< since 1970: nothing that was learned is later
  std::optional<std::int64_t> heldout_after_seconds = {};  ///< all that is held out is later
};

/// The word for it in files: "own split", "users", "times", "not shown".
[[nodiscard]] const char* disjoint_word(Disjoint disjoint);

/// Of a model of the same dataset: its split. Of another one: none of the users with held-out interactions was in its
/// training, which began without another model; or its training ended before what is held out begins, to the second.
/// `counts` are match_model's. Collective over the dataset's ranks.
[[nodiscard]] TrainingOverlap training_overlap(const HeldoutData& data, const TrainingRecord& model,
                                               const std::optional<MatchCounts>& counts);

/// Whether an ancestor may have learned what is held out from a part of another dataset, or of one that is not known.
/// Of a model of another dataset that is said of the model itself.
[[nodiscard]] bool ancestor_may_know(const TrainingOverlap& overlap);

/// Whether the model, or an ancestor, may have learned part of what is held out: nothing shows that it has not.
[[nodiscard]] bool may_know_heldout(const TrainingOverlap& overlap);

/// That nothing shows that another dataset's model has not learned what is held out; that an ancestor was trained on
/// all of another dataset, or on a part of it, and its training did not end before what is held out. Empty of a model
/// without such.
[[nodiscard]] std::vector<std::string> overlap_warnings(const TrainingOverlap& overlap, const HeldoutData& data,
                                                        const std::string& model_path);

/// A line that shows that another dataset's model has not learned what is held out, if there is one, and the events
/// `training_overlap` (another dataset), `ancestor_trained_on_all` and `ancestors_elsewhere`. Warnings are apart.
void tell_overlap(Report& report, const TrainingOverlap& overlap, const HeldoutData& data,
                  const std::string& model_path);

}  // namespace rankwise
