#pragma once
// What lists of users have beside them: columns of the table of items, and the users' segments.

#include <string>
#include <vector>

#include "distributed/tables/table.hpp"
#include "jobs/recommend/rules/item_space.hpp"
#include "jobs/recommend/whom/audience.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

struct ServedColumns {
  std::vector<TableColumn> of_items = {};  ///< each with a value of each item
  std::string segment = {};                ///< the name of the column of segments; empty: none
};

/// What --columns asks for: `segment` or `NAME=segment` is the users' segment if there are any, else a column of the
/// table of items like any other. Collective over context.comm; throws AgreedError: bad_data (a dataset without such a
/// table or column), usage (`segment` is both).
[[nodiscard]] ServedColumns read_served_columns(const std::string& text, const JobContext& context,
                                                const ItemSpace& space, const Audience& audience);

}  // namespace rankwise
