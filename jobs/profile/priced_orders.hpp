#pragma once
// What a dataset's table of items says of the lines of its orders, as options ask for it.

#include <string>

#include "distributed/log/orders.hpp"
#include "io/dataset/dataset.hpp"
#include "io/dataset/dataset_tables.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// The table of items of the dataset `data`, which `option` needs. Throws AgreedError(bad_data) if there is none.
[[nodiscard]] const TableReader& required_items(const DatasetTablesReader& tables, const char* option,
                                                const std::string& data);

/// Of --money COLUMN: lines are multiplied by this column of the table of items, and become money; an empty column
/// changes nothing. Returns how many of this rank's lines have no price, and are worth 0. Collective over context.comm;
/// throws AgreedError(bad_data) if there is no such column, or a line is worth more than numbers can hold.
[[nodiscard]] Index price_orders(const JobContext& context, const std::string& data, const DatasetReader& dataset,
                                 const std::string& column, Orders& orders);

}  // namespace rankwise
