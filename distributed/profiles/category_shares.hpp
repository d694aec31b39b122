#pragma once
// For what each customer spends: shares of categories of items.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/log/orders.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// What kind of thing each item is.
struct ItemCategories {
  std::vector<std::int32_t> codes;  ///< of all items; a place in `names`, or -1
  std::vector<std::string> names;
};

struct CategoryShares {
  std::vector<std::int32_t> shown;  ///< places in the names: those with the most lines, ascending
  Index others = 0;                 ///< categories that are not shown
  bool has_missing = false;         ///< whether some line's item has no category
  /// For each shown category, then for all others together and for items without a category: a value for each of this
  /// rank's users, in [0, 1]; NaN of who has bought nothing of value.
  std::vector<std::vector<double>> of_users;
};

/// Shares of the values of lines above 0, of orders until the end of `last_day`. At most `most` categories are shown.
/// Collective over comm.
[[nodiscard]] CategoryShares category_shares(const Communicator& comm, const Orders& orders,
                                             std::optional<std::int64_t> last_day, const ItemCategories& categories,
                                             Index most);

}  // namespace rankwise
