#pragma once
// Users who do more than a person can, and items that everybody has: bots, tests, postage.

#include "distributed/cleaning/rule_log.hpp"

namespace rankwise {

/// Rows and the users or items that they are of; rows are this rank's, users and items over all ranks.
struct ImplausibleCounts {
  Index rows = 0;
  Index users_or_items = 0;
};

/// Drops users with more than `most` items. Collective over comm.
ImplausibleCounts drop_users_of_many_items(const Communicator& comm, Index most, RuleLog& log);
/// Drops users with more than `most` rows on one UTC day. Collective over comm.
ImplausibleCounts drop_users_of_busy_days(const Communicator& comm, Index most, RuleLog& log);
/// Drops users who have more than this share of the items that have any row. Collective over comm.
ImplausibleCounts drop_users_of_catalogue(const Communicator& comm, double most_share, RuleLog& log);
/// Drops items that more than this share of the users with any row have. Collective over comm; holds one integer for
/// each item.
ImplausibleCounts drop_items_of_all(const Communicator& comm, double most_share, RuleLog& log);

}  // namespace rankwise
