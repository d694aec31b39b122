#pragma once
// Segments of users: the clusters of a clustering file, found by the users' ids.

#include <cstdint>
#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/rows/ids.hpp"
#include "distributed/rows/partition.hpp"
#include "io/clustering/clustering.hpp"
#include "io/dataset/dataset.hpp"
#include "jobs/lists/list_values.hpp"
#include "jobs/run/job.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

static_assert(no_segment == no_cluster, "a user whom the clustering has in no cluster has no segment");

/// Each rank holds a share of the clustering and of the users' segments.
class UserSegments {
 public:
  /// Reads the clustering at `path`, finds the users of `dataset`, which is read with TrainedOn::all, and says how many
  /// have a segment. Collective over context.comm; throws AgreedError: no_input, bad_data (a clustering of items or of
  /// rows without ids, or one that has none of the users).
  UserSegments(JobContext& context, std::string path, const DatasetReader& dataset, const std::string& data_path);

  [[nodiscard]] const std::string& path() const { return path_; }
  /// Of the file, as `inspect` shows it; 0: it has none.
  [[nodiscard]] std::uint64_t digest() const { return digest_; }
  /// Segments are numbered from 0.
  [[nodiscard]] Index count() const { return count_; }
  /// Of users of the dataset, each rank with rows of its own. Collective.
  [[nodiscard]] std::vector<std::int32_t> of_rows(RowRange users) const;
  /// Of ids that every rank has alike, the same on every rank. Collective.
  [[nodiscard]] std::vector<std::int32_t> of_ids(const Ids& ids) const;

 private:
  /// Collective.
  [[nodiscard]] std::vector<Index> find(const IdRows& ids) const;
  [[nodiscard]] std::vector<std::int32_t> segments_at(const std::vector<Index>& found) const;

  const Communicator& comm_;
  std::string path_;
  std::uint64_t digest_ = 0;
  Index count_ = 0;
  Partition clustered_rows_;
  ClusteredRows clustered_;
  Partition users_;
  std::vector<std::int32_t> segments_;  // of this rank's users
};

}  // namespace rankwise
