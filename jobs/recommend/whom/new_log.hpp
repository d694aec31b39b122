#pragma once
// Interactions that a dataset does not have: a log of its users, or of others, with the dataset's items.

#include <span>
#include <string>
#include <vector>

#include "distributed/log/duplicates.hpp"
#include "distributed/rows/ids.hpp"
#include "io/dataset/dataset.hpp"
#include "jobs/recommend/whom/whom_options.hpp"
#include "jobs/run/job.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// One interaction for each pair of a user and an item, by the dataset's rule for repeated pairs. Users are the
/// dataset's rows, then those whom it does not have, ascending by id. Every rank holds all of it.
class NewLog {
 public:
  /// Reads the files as `prepare` does, and says what is in them and what has no effect. `dataset` is read with
  /// TrainedOn::all. Collective over context.comm; throws AgreedError: no_input, usage (columns), bad_data (FILE:LINE
  /// and what was expected; a dataset whose users have pseudonyms; none of its items).
  NewLog(JobContext& context, const WhomOptions& options, const DatasetReader& dataset, const std::string& data_path);

  /// Those whom the dataset does not have.
  [[nodiscard]] const Ids& new_ids() const { return new_ids_; }
  /// Whether its interactions have values; without them each counts 1.
  [[nodiscard]] bool has_values() const { return has_values_; }
  /// Users of the log, ascending.
  [[nodiscard]] const std::vector<Index>& users() const { return users_; }
  /// A user's interactions: items of the dataset, ascending.
  struct Interactions {
    std::span<const Index> items;
    std::span<const double> values;
  };
  /// Of a user of the log, by its place in users().
  [[nodiscard]] Interactions of(std::size_t place) const;

 private:
  Ids new_ids_;
  bool has_values_ = false;
  std::vector<Index> users_;
  std::vector<Index> offsets_{0};
  std::vector<Index> items_;
  std::vector<double> values_;
};

}  // namespace rankwise
