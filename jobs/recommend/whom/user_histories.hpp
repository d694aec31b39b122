#pragma once
// What is known of the users who are served: all that a dataset has of them, and a newer log.

#include <optional>

#include "distributed/rows/ids.hpp"
#include "distributed/rows/sparse_rows.hpp"
#include "io/dataset/dataset.hpp"
#include "jobs/recommend/whom/new_log.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Users of the dataset in its order, then those of the log whom the dataset does not have.
class UserHistories {
 public:
  /// `dataset` is read with TrainedOn::all, and outlives this.
  UserHistories(const DatasetReader& dataset, std::optional<NewLog> log) : dataset_(dataset), log_(std::move(log)) {}

  [[nodiscard]] const DatasetReader& dataset() const { return dataset_; }
  [[nodiscard]] Index users() const;
  /// Whether there is a log, or one that has interactions of this user, or of one of these.
  [[nodiscard]] bool has_log() const { return log_.has_value(); }
  /// Whether there is a log whose interactions count 1 each, as it has no values.
  [[nodiscard]] bool has_log_without_values() const { return log_ && !log_->has_values(); }
  [[nodiscard]] bool has_log(Index user) const { return has_log(RowRange{user, user + 1}); }
  [[nodiscard]] bool has_log(RowRange users) const;
  /// Of the log alone; none without one.
  [[nodiscard]] Ids new_ids() const { return log_ ? log_->new_ids() : Ids(); }
  /// Each rank with rows of its own; the ids of all ranks are of one kind. Collective; throws as DatasetReader.
  [[nodiscard]] Ids ids(RowRange users) const;
  /// In the dataset's items. A pair of the dataset and of the log has the value that the dataset's rules make of both:
  /// their sum, the larger one, their mean, or the log's (last, error); it is no interaction if they do not accept it.
  /// Collective; throws as DatasetReader.
  [[nodiscard]] SparseRows read(RowRange users) const;

 private:
  /// Those of the dataset among them.
  [[nodiscard]] RowRange in_dataset(RowRange users) const;
  [[nodiscard]] double merged(double before, double added) const;

  const DatasetReader& dataset_;
  std::optional<NewLog> log_;
};

}  // namespace rankwise
