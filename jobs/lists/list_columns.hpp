#pragma once
// Columns of the table of items beside the items of lists.

#include <string>
#include <string_view>
#include <vector>

#include "distributed/tables/table.hpp"
#include "io/tables/table_choice.hpp"
#include "jobs/recommend/rules/item_space.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// `name,price` or `title=name`; throws Error(usage) that names --columns, also for a name that lists have anyway.
[[nodiscard]] std::vector<TableColumns::Kept> parse_list_columns(std::string_view text);

/// These columns with a value of each of the model's items. Likewise collective, and so it throws.
[[nodiscard]] std::vector<TableColumn> read_list_columns(const std::vector<TableColumns::Kept>& columns,
                                                         const JobContext& context, const ItemSpace& space);

/// The columns with a value of each of the model's items, the same on every rank; none for an empty text. Collective
/// over context.comm; throws AgreedError(bad_data) for a dataset without such a table or column.
[[nodiscard]] std::vector<TableColumn> read_list_columns(const std::string& text, const JobContext& context,
                                                         const ItemSpace& space);

}  // namespace rankwise
