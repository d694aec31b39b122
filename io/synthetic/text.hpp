#pragma once
// A planted log as CSV text.

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

/// A line that is dirt.
struct DirtyLine {
  Index line = 0;  ///< of the part, from 0
  SyntheticDirt kind = SyntheticDirt::none;
};

/// Part of a log and what it holds.
struct SyntheticLines {
  std::string text;
  std::vector<DirtyLine> dirt;  ///< ascending
  std::string wrong_ratings;    ///< `user_id,item_id,rating` of each
  Index clean_rows = 0;         ///< wrong ratings among them
  Index added_rows = 0;         ///< dirt and broken lines
};

/// The lines of these users, in their order; drawn and written by `threads` threads.
[[nodiscard]] SyntheticLines synthetic_lines(const SyntheticLog& log, RowRange users, int threads);

/// The lines of all bots.
[[nodiscard]] SyntheticLines bot_lines(const SyntheticLog& log);

}  // namespace rankwise
