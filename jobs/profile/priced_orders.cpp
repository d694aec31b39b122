#include "jobs/profile/priced_orders.hpp"

#include <fmt/format.h>

#include "distributed/profiles/priced_lines.hpp"
#include "distributed/rows/ids.hpp"

namespace rankwise {

const TableReader& required_items(const DatasetTablesReader& tables, const char* option, const std::string& data) {
  if (tables.items()) return *tables.items();
  throw AgreedError(ExitCode::bad_data,
                    fmt::format("{}: {} has no table of items; expected a dataset of prepare --items", option, data));
}

Index price_orders(const JobContext& context, const std::string& data, const DatasetReader& dataset,
                   const std::string& column, Orders& orders) {
  if (column.empty()) return 0;
  const DatasetTablesReader tables(context.comm, data, context.common.input_check);
  const TableReader& items = required_items(tables, "--money", data);
  const Numbers prices = agree_on(context.comm, [&] { return items.numbers(column, {0, items.rows()}); });
  const PricedLines priced = price_lines(orders, prices);
  const Index all_items = std::ssize(prices);
  const Index item = context.comm.min(priced.beyond_numbers.value_or(all_items));
  if (item == all_items) return priced.without_price;
  const IdRows ids = dataset.item_ids({item, item + 1});
  throw AgreedError(ExitCode::bad_data,
                    fmt::format("--money {}: {}: lines of item {} are worth more than numbers can hold; expected "
                                "smaller numbers in this column",
                                column, data, id_text(ids.ids, 0)));
}

}  // namespace rankwise
