#pragma once
// The data that a sweep was planned on: where it is now, and that it is still the same.

#include <cstdint>
#include <string>

#include "jobs/sweep/plan/plan.hpp"

namespace rankwise {

/// Digest of what a sweep of `job` reads in this file: that of a dataset's training part, or for kmeans of the file's
/// bytes. Of this rank alone; throws Error (no_input, bad_data, io_error).
[[nodiscard]] std::uint64_t data_digest(SweptJob job, const std::string& path);

/// Points plan.data to where the sweep's last command was told that it is now. Throws Error (io_error, bad_data).
void place_data(SweepPlan& plan, const std::string& directory);

/// A file as it is found once, to notice later that another one has taken its place or that it was written to.
class FileStamp {
 public:
  /// Throws Error(no_input).
  explicit FileStamp(std::string path);
  /// Throws Error(bad_data).
  void require_unchanged() const;

 private:
  struct Facts {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t bytes = 0;
    std::int64_t modified_nanoseconds = 0;  ///< since 1970
    friend bool operator==(const Facts&, const Facts&) = default;
  };
  [[nodiscard]] Facts look() const;

  std::string path_;
  Facts facts_;
};

/// Throws Error where plan.data is missing (no_input) or is other data than was planned on (bad_data); else what the
/// file was before it was looked at. Of this rank alone.
FileStamp require_planned_data(const SweepPlan& plan);

/// Throws Error(bad_data) where this is not the digest that was planned on.
void require_planned_digest(const SweepPlan& plan, std::uint64_t digest);

}  // namespace rankwise
