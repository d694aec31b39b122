#pragma once
// A planted log as CSV text.

#include <string>
#include <string_view>

#include "distributed/rows/ids.hpp"
#include "distributed/synthetic/log.hpp"

namespace rankwise {

/// `user_id,item_id,quantity,price,timestamp` or `user_id,item_id,rating,timestamp`, with its newline.
[[nodiscard]] std::string_view planted_header(PlantedKind kind);

/// Ids of users (1, 2, ... or C0000001, C0000002, ...) or items (1, 2, ... or SKU-000001, ...); strings widen where a
/// number needs more digits, all alike.
[[nodiscard]] Ids planted_user_ids(const PlantedShape& shape, RowRange users);
[[nodiscard]] Ids planted_item_ids(const PlantedShape& shape, RowRange items);

/// Part of a log and what it holds.
struct PlantedLines {
  std::string text;
  Index clean_rows = 0;
  Index added_rows = 0;  ///< dirt and broken lines
};

/// The lines of these users, in their order; drawn and written by `threads` threads.
[[nodiscard]] PlantedLines planted_lines(const PlantedLog& log, RowRange users, int threads);

}  // namespace rankwise
