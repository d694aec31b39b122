#pragma once
// Datasets that several jobs of one program read.

#include <memory>
#include <optional>
#include <string>

#include "distributed/log/fold.hpp"
#include "io/dataset/dataset.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// Keeps the dataset that was last opened, with the rows that were read of it, until another file, fold or part is
/// asked for.
class DatasetShelf {
 public:
  /// As DatasetReader's construction, of which it may spare all.
  [[nodiscard]] std::shared_ptr<const DatasetReader> open(const Communicator& comm, const std::string& path,
                                                          const std::optional<Fold>& fold, TrainedOn trained_on,
                                                          InputCheck check);

 private:
  std::string path_;
  std::optional<Fold> fold_;
  TrainedOn trained_on_ = TrainedOn::training;
  std::shared_ptr<const DatasetReader> kept_;
};

/// The dataset as the fold has it, from the program's shelf where it has one; a warning if it has no digests.
/// Collective over context.comm; throws AgreedError as DatasetReader's construction.
[[nodiscard]] std::shared_ptr<const DatasetReader> open_dataset(const JobContext& context, const std::string& path,
                                                                const std::optional<Fold>& fold,
                                                                TrainedOn trained_on = TrainedOn::training);

}  // namespace rankwise
