#pragma once
// Whom `recommend` serves, as people ask for it.

#include <boost/program_options.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/base/types.hpp"

namespace rankwise {

/// What happens to ids of --users that the dataset does not have.
enum class UnknownUsers { skip, popular, error };

/// Who gets a list.
enum class ListsFor { users, segments };
/// What a segment's list is made from: its members' mean score, or their votes.
enum class SegmentTaste { mean, votes };
/// Items that a member of a segment has: whether the segment's list may have them.
enum class SegmentSeen { allow, exclude };

/// Empty: not asked for.
struct WhomOptions {
  ListsFor lists_for = ListsFor::users;
  std::optional<SegmentTaste> taste;        ///< as given; mean
  std::optional<SegmentSeen> segment_seen;  ///< as given; allow
  std::string users;
  UnknownUsers unknown_users = UnknownUsers::skip;
  std::string where_users;
  std::string segments;  ///< a clustering file
  std::string segment;   ///< numbers of its clusters, separated by commas
  Index least_group = 10;
  std::vector<std::string> logs;  ///< files of interactions that the dataset does not have
  std::string log_columns;

  /// Those that choose among the users of the dataset, for messages: "--users, --segment"; empty if there are none.
  [[nodiscard]] std::string choosing() const;
};

void describe_whom(boost::program_options::options_description& description, WhomOptions& options);

/// `3` or `3,5`: ascending, each once; throws Error(usage) that names --segment.
[[nodiscard]] std::vector<std::int32_t> parse_segments(std::string_view text);

/// Throws Error(usage) if options contradict each other, or one of them would have no effect.
void require_sense(const WhomOptions& options);

}  // namespace rankwise
