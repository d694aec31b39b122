#pragma once
// Lists that need no model: one order for all users, and what a user has bought most.

#include "distributed/evaluation/heldout_rows.hpp"
#include "distributed/evaluation/item_order.hpp"
#include "distributed/evaluation/list_table.hpp"

namespace rankwise {

/// What the lists of one order are worth to this rank's users.
[[nodiscard]] ListTable order_lists(const ListQuestions& questions, const HeldoutRows& rows, const ItemOrder& order);

/// Of lists that begin with the user's own items, highest training value first, and go on with the popular ones. Equal
/// values are ordered by popularity, then by the lower item. The rule does not exclude what users have.
[[nodiscard]] ListTable own_lists(const ListQuestions& questions, const HeldoutRows& rows);

}  // namespace rankwise
