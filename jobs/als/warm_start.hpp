#pragma once
// A training that begins where an older model ended, of whatever users and items that was.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/dataset/dataset.hpp"
#include "io/model/model.hpp"
#include "jobs/als/gather_plan.hpp"
#include "jobs/als/validation.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// Every member but digest(), lineage(), lineage_datasets(), trained_on_all() and last_training_seconds() is collective
/// over the job's ranks.
class WarmStart {
 public:
  /// Looks at the model. Throws AgreedError(bad_data) where its factors are not of this length, or its objective is not
  /// implicit or explicit, with or without biases, as the training's; or where it is damaged.
  WarmStart(const Communicator& comm, std::string path, Index factors, const Objective& objective, InputCheck check);

  /// What tells this model from others: the digest of its metadata, which covers those of its values.
  [[nodiscard]] std::uint64_t digest() const { return digest_; }

  /// The models that a training from this one descends from: this one, and those that it descends from.
  [[nodiscard]] const std::vector<std::uint64_t>& lineage() const { return lineage_; }

  /// Of each of lineage() the content digest of its dataset; 0: not known.
  [[nodiscard]] const std::vector<std::uint64_t>& lineage_datasets() const { return lineage_datasets_; }

  /// Content digests of the datasets that one of lineage() was trained on all of.
  [[nodiscard]] const std::vector<std::uint64_t>& trained_on_all() const { return trained_on_all_; }

  /// As ModelReader::last_training_seconds.
  [[nodiscard]] std::optional<std::int64_t> last_training_seconds() const { return last_training_seconds_; }

  /// Throws AgreedError(bad_data) if one of lineage() was trained on all of this dataset: its held-out part can then
  /// not measure what begins there. `option` is what needs it.
  void require_unseen_heldout(const DatasetReader& dataset, const std::string& option) const;

  /// Throws AgreedError(bad_data) if the model has learned this dataset's validation part: what begins with it and is
  /// trained on the training part alone would count as one that has not.
  void require_unseen_validation(const DatasetReader& dataset) const;

  /// Bytes that begin() takes of this rank, beside the factors that it gives and the rows that it gathers.
  [[nodiscard]] Index begin_bytes(const GatherTask& task) const;

  /// This rank's first factors. Rows whose ids the model has, with an entry, begin there; others are solved once
  /// against the other side's rows that the model has, as a new user is folded in; those that have no interactions with
  /// such begin at random, as they would without the model. Tells how many did which. The same bits for any partitions.
  /// Throws AgreedError (bad_data) where the model is damaged, its ids are of another kind, or it knows none of the
  /// rows.
  [[nodiscard]] FactorPair begin(JobContext& context, const DatasetReader& dataset, const Objective& objective,
                                 const Partition& users, const Partition& items, const GatherPlan& gathering) const;

 private:
  const Communicator& comm_;
  std::string path_;
  InputCheck check_;
  std::uint64_t digest_ = 0;
  std::vector<std::uint64_t> lineage_;
  std::vector<std::uint64_t> lineage_datasets_;
  std::vector<std::uint64_t> trained_on_all_;
  std::optional<std::int64_t> last_training_seconds_;
  std::optional<std::uint64_t> validation_learned_;  ///< of the dataset whose validation part the model has learned
  Index width_ = 0;                                  ///< floats of a row, with its bias
  Index most_rows_ = 0;                              ///< of its longer side
};

}  // namespace rankwise
