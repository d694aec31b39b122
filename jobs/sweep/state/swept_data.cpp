#include "jobs/sweep/state/swept_data.hpp"

#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "distributed/comm/communicator.hpp"
#include "io/dataset/dataset.hpp"
#include "io/dataset/dataset_tables.hpp"
#include "io/files/content_hash.hpp"
#include "jobs/sweep/state/settings.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

std::uint64_t data_digest(SweptJob job, const std::string& path) {
  if (!trains_on_folds(job)) return file_digest(path);
  const Communicator alone = Communicator::single();
  // An attribute alone, which HDF5's own checksums cover.
  const DatasetReader dataset(alone, path, std::nullopt, TrainedOn::training, InputCheck::none);
  return dataset.provenance().dataset_digest;
}

void place_data(SweepPlan& plan, const std::string& directory) {
  const std::optional<RunSettings> settings = read_settings(directory);
  if (settings && !settings->data.empty()) plan.data = settings->data;
}

void require_planned_digest(const SweepPlan& plan, std::uint64_t digest) {
  if (digest == plan.dataset_digest) return;
  throw Error(
      ExitCode::bad_data,
      fmt::format("{}: is not the data that this sweep was planned on: its digest is {:016x}, expected {:016x}; "
                  "put the planned file there, name it by --data, or make a new sweep plan in another folder",
                  plan.data, digest, plan.dataset_digest));
}

FileStamp require_planned_data(const SweepPlan& plan) {
  if (access(plan.data.c_str(), F_OK) != 0) {
    throw Error(ExitCode::no_input,
                fmt::format("{}: {}; expected the data that this sweep was planned on; if the file was moved, name it "
                            "by --data",
                            plan.data, std::strerror(errno)));
  }
  FileStamp stamp(plan.data);
  require_planned_digest(plan, data_digest(plan.job, plan.data));
  const std::uint64_t tables = plan.tables_digest == 0 ? 0 : tables_digest(Communicator::single(), plan.data);
  if (tables != plan.tables_digest) {
    throw Error(ExitCode::bad_data,
                fmt::format("{}: has other tables than this sweep was planned on, whose features it compares: their "
                            "digest is {:016x}, expected {:016x}; make a new sweep plan in another folder",
                            plan.data, tables, plan.tables_digest));
  }
  return stamp;
}

FileStamp::FileStamp(std::string path) : path_(std::move(path)), facts_(look()) {}

void FileStamp::require_unchanged() const {
  if (look() == facts_) return;
  throw Error(ExitCode::bad_data, fmt::format("{}: was changed or replaced while it was read", path_));
}

FileStamp::Facts FileStamp::look() const {
  struct stat found {};
  if (stat(path_.c_str(), &found) != 0) {
    throw Error(ExitCode::no_input, fmt::format("{}: {}", path_, std::strerror(errno)));
  }
  constexpr std::int64_t nanoseconds = 1'000'000'000;
  return {.device = found.st_dev,
          .inode = found.st_ino,
          .bytes = found.st_size,
          .modified_nanoseconds = found.st_mtim.tv_sec * nanoseconds + found.st_mtim.tv_nsec};
}

}  // namespace rankwise
