#pragma once
// The trainings of a run of denoise: each is one of `als`, whose model stays in a folder, so that a run that was
// stopped continues without the trainings that had ended.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "distributed/log/fold.hpp"
#include "io/files/folder_lock.hpp"
#include "jobs/denoise/denoise_settings.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// Every member is collective over context.comm.
class Trainings {
 public:
  /// Makes the folder, or finds it as an earlier run with the same data and settings of training left it. Throws
  /// AgreedError: usage if it was left by a run with others, cannot_create if another run works in it.
  Trainings(JobContext& context, const DenoiseOptions& options, std::uint64_t data_digest);

  /// The path of a model of all but the fold; trained unless it is there.
  [[nodiscard]] std::string model_without(const Fold& fold);
  /// Likewise of a dataset's whole training part. `data_digest` is the dataset's, for the file's name.
  [[nodiscard]] std::string model_of(const std::string& data, std::string_view prefix, std::uint64_t data_digest);

  /// Removes the folder, unless the user has named it.
  void finish();

 private:
  std::string trained(const std::string& name, const std::string& data, const std::vector<std::string>& more);

  JobContext& context_;
  const DenoiseOptions& options_;
  std::string folder_;
  std::vector<std::string> arguments_;  ///< of als, but for files and folds
  std::unique_ptr<FolderLock> lock_;    ///< the root's
  std::vector<std::string> models_;
};

}  // namespace rankwise
