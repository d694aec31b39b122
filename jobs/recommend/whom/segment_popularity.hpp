#pragma once
// What the users of a segment have: the popular items of each segment that is large enough to be looked at.

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/ranking/catalogue.hpp"
#include "distributed/rows/sparse_rows.hpp"
#include "io/dataset/dataset.hpp"
#include "jobs/recommend/whom/user_segments.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// From the dataset's items to those of a model.
using InModelItems = std::function<SparseRows(SparseRows)>;

/// Integer counts, the same on every rank; some 16 bytes for each item and segment.
class SegmentPopularity {
 public:
  /// Counts the interactions of `training`, whose users are the first ones of the segments' dataset. Lists of segments
  /// have no items but the candidates of `offered`. Nothing is known of a segment in which fewer than `least_users`
  /// users have an interaction: it would say what these few have. Collective over comm.
  SegmentPopularity(const Communicator& comm, const UserSegments& segments, const DatasetReader& training,
                    const InModelItems& in_model_items, const Catalogue& offered, Index least_users);

  /// Catalogue::users are those of the segment, in `training`. Null: too few users, or no_segment.
  [[nodiscard]] const Catalogue* of(std::int32_t segment) const;
  /// Segments that have too few users with an interaction.
  [[nodiscard]] Index small_segments() const;

 private:
  std::vector<std::optional<Catalogue>> catalogues_;  // of each segment
};

}  // namespace rankwise
