#pragma once
// Who is served: users of a list, who fulfil a condition, of some segments; all that apply at once.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/rows/ids.hpp"
#include "distributed/rows/partition.hpp"
#include "jobs/lists/wanted_ids.hpp"
#include "jobs/recommend/whom/user_histories.hpp"
#include "jobs/recommend/whom/user_segments.hpp"
#include "jobs/recommend/whom/whom_options.hpp"
#include "jobs/run/job.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Some users that are served.
struct SelectedUsers {
  Index first = 0;                     ///< row of the dataset of the first one that was looked at
  std::vector<Index> rows;             ///< places among those that were looked at, ascending
  std::vector<std::int32_t> segments;  ///< of each, or no_segment; empty if there are no segments

  [[nodiscard]] std::int32_t segment(std::size_t place) const {
    return segments.empty() ? no_segment : segments[place];
  }
};

/// Ids of the list that the dataset does not have.
struct UnknownSelection {
  std::vector<std::string> ids;
  std::vector<std::int32_t> segments;  ///< as in SelectedUsers
};

class Audience {
 public:
  /// Reads list, table and clustering, and says what is in them. `users` and `context` outlive this. Collective over
  /// context.comm; throws AgreedError (no_input; usage: a column of the condition, a segment that the clustering does
  /// not have; bad_data).
  Audience(JobContext& context, const WhomOptions& options, const UserHistories& users, const std::string& data_path);

  /// Null: there are none.
  [[nodiscard]] const UserSegments* segments() const { return segments_ ? &*segments_ : nullptr; }
  /// Numbers of the segments whose users are served, ascending; none without segments.
  [[nodiscard]] std::vector<std::int32_t> served_segments() const;
  /// Whether users without a segment are served.
  [[nodiscard]] bool serves_others() const { return chosen_.empty(); }
  /// The list of --users, or one of everybody.
  [[nodiscard]] const WantedIds& list() const { return list_; }
  /// Those of this rank's part of the users from `first` on, whose ids these are. Collective.
  [[nodiscard]] SelectedUsers select(Index first, const Partition& rows, const Ids& ids);
  /// Those of `unknown`, ids that the dataset does not have, the same on every rank. Collective.
  [[nodiscard]] UnknownSelection select_unknown(const std::vector<std::string>& unknown) const;
  /// Users of the list that were looked at and are not served. Collective.
  [[nodiscard]] Index left_out() const { return comm_.sum(left_out_); }
  /// Those of them whom the log has; without a list, of everybody. Collective.
  [[nodiscard]] Index left_out_of_log() const { return comm_.sum(left_out_of_log_); }

 private:
  [[nodiscard]] bool is_chosen(std::int32_t segment) const;
  /// Of `users`; those of the log alone fulfil no condition. Collective.
  [[nodiscard]] std::vector<std::int32_t> segments_of(RowRange users) const;
  [[nodiscard]] std::vector<std::int32_t> fulfilling(RowRange users) const;

  const Communicator& comm_;
  const UserHistories& histories_;
  WantedIds list_;
  Partition users_;
  std::optional<std::vector<std::int32_t>> fulfil_;  // of this rank's users
  std::optional<UserSegments> segments_;
  std::vector<std::int32_t> segments_of_new_;  // of users whom the log alone has; on every rank
  std::vector<std::int32_t> chosen_;           // ascending; empty: all, and users without a segment
  Index left_out_ = 0;
  Index left_out_of_log_ = 0;
};

}  // namespace rankwise
