#pragma once
// Lists as text in several files, one for each segment or rank, and their manifest.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "distributed/rows/partition.hpp"
#include "jobs/lists/list_format.hpp"
#include "jobs/lists/list_text.hpp"
#include "jobs/recommend/files/file_family.hpp"
#include "jobs/recommend/files/split_sink.hpp"
#include "jobs/recommend/recommend_options.hpp"
#include "jobs/recommend/whom/audience.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// Files of earlier runs of another split are removed if their manifest names them, when all new files are complete.
/// The manifest is taken away before any file changes and comes back last, so that what it names belongs together.
/// Collective over context.comm; throws AgreedError (cannot_create, io_error).
class SplitLists {
 public:
  /// `users`: of the dataset. What is passed by reference outlives this. Throws AgreedError also: usage (a file that is
  /// to be written is an input, too many files), cannot_create (a file that an unfinished run left, or that no manifest
  /// names, would be mixed with the new ones).
  SplitLists(const RecommendOptions& options, const ListFormat& format, JobContext& context, const Audience& audience,
             const ListText& lines, Index users);

  /// Every rank's lists, in rank order; those of unknown users on the root.
  void append(const Lists& lists);
  /// Of lists from these models.
  void commit(const std::vector<BlendPart>& models, std::uint64_t dataset_digest);

 private:
  /// The file of a user's list.
  [[nodiscard]] std::size_t file_of(const Lists& lists, std::size_t user) const;
  [[nodiscard]] std::vector<std::string> paths() const;

  const RecommendOptions& options_;
  JobContext& context_;
  const Audience& audience_;
  const ListText& lines_;
  FileFamily family_;
  FileSplit split_;
  Partition shards_;  // of the dataset's users
  std::vector<ListedFile> files_;
  std::vector<std::string> stale_;  // of earlier runs; the root's
  std::optional<SplitSink> sink_;
};

}  // namespace rankwise
