#pragma once
// A planted log as CSV text.

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "distributed/rows/ids.hpp"
#include "distributed/synthetic/log.hpp"

namespace rankwise {

/// `user_id,item_id,quantity,price,timestamp` or `user_id,item_id,rating,timestamp`, with its newline.
[[nodiscard]] std::string_view synthetic_header(SyntheticKind kind);

/// Ids of users (1, 2, ... or C0000001, C0000002, ...) or items (1, 2, ... or SKU-000001, ...); strings widen where a
/// number needs more digits, all alike.
[[nodiscard]] Ids synthetic_user_ids(const SyntheticShape& shape, RowRange users);
[[nodiscard]] Ids synthetic_item_ids(const SyntheticShape& shape, RowRange items);

/// Begin of a next period that there is not.
inline constexpr std::int64_t no_next_period = std::numeric_limits<std::int64_t>::max();

/// A line that is dirt.
struct DirtyLine {
  Index line = 0;  ///< of the part, from 0
  SyntheticDirt kind = SyntheticDirt::none;
};

/// Part of a log and what it holds.
struct SyntheticLines {
  std::string text;
  std::string next_text;        ///< rows of the next period, of no other member but next_rows
  std::vector<DirtyLine> dirt;  ///< ascending
  std::string wrong_ratings;    ///< `user_id,item_id,rating` of each
  Index clean_rows = 0;         ///< wrong ratings among them
  Index added_rows = 0;         ///< dirt and broken lines
  Index next_rows = 0;
};

/// The lines of these users, in their order; drawn and written by `threads` threads. Rows from `next_begin` on, in
/// seconds since 1970, are of the next period.
[[nodiscard]] SyntheticLines synthetic_lines(const SyntheticLog& log, RowRange users, int threads,
                                             std::int64_t next_begin);

/// The lines of all bots.
[[nodiscard]] SyntheticLines bot_lines(const SyntheticLog& log, std::int64_t next_begin);

}  // namespace rankwise
