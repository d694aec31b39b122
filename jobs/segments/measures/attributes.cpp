#include "jobs/segments/measures/attributes.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <numeric>
#include <string_view>
#include <utility>
#include <variant>

#include "distributed/cleaning/order_statistics.hpp"
#include "distributed/comm/key_exchange.hpp"
#include "distributed/rows/partition.hpp"
#include "distributed/segments/code_counts.hpp"
#include "distributed/segments/group_sums.hpp"
#include "io/dataset/dataset_tables.hpp"
#include "jobs/segments/measures/related_columns.hpp"

namespace rankwise {

namespace {

/// The items with the most customers, ascending.
std::vector<Index> most_bought(const Communicator& comm, const DatasetReader& dataset, Index most_items) {
  const RowRange mine = Partition::by_count(dataset.items(), comm.size()).range(comm.rank());
  const std::vector<Index> sizes =
      comm.all_gather_varied(std::span<const Index>(dataset.row_sizes(DatasetPart::interactions_by_item, mine))).values;
  std::vector<Index> items(sizes.size());
  std::iota(items.begin(), items.end(), Index{0});
  const auto kept = std::min(std::ssize(items), most_items);
  std::ranges::partial_sort(items, items.begin() + kept, [&](Index one, Index other) {
    return sizes[at(one)] != sizes[at(other)] ? sizes[at(one)] > sizes[at(other)] : one < other;
  });
  items.resize(at(kept));
  std::ranges::sort(items);
  return items;
}

std::vector<std::string> item_names(const Communicator& comm, const DatasetReader& dataset,
                                    const std::vector<Index>& items) {
  const RowRange mine = Partition::by_count(dataset.items(), comm.size()).range(comm.rank());
  const IdRows ids = dataset.item_ids(mine);
  std::vector<std::string> texts;
  for (const Index item : items) {
    if (mine.contains(item)) texts.push_back(id_text(ids.ids, item - mine.begin));
  }
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  const auto gathered = gather_keys(comm, std::span<const std::string_view>(views));
  return {gathered.keys.begin(), gathered.keys.end()};
}

AttributeCounts count_items(const Communicator& comm, const Quarter& quarter, const SparseRows& rows,
                            const Groups& groups, Index most_items) {
  const std::vector<Index> items = most_bought(comm, *quarter.dataset, most_items);
  std::vector<std::int32_t> codes(at(quarter.dataset->items()), -1);
  for (std::size_t code = 0; code < items.size(); ++code) codes[at(items[code])] = static_cast<std::int32_t>(code);
  return {AttributeKind::item, "item", item_names(comm, *quarter.dataset, items),
          count_buyers(comm, rows, groups.of_row, groups.count(), codes, std::ssize(items))};
}

void count_item_categories(const JobContext& context, const SparseRows& rows, const Groups& groups,
                           const std::string& data, std::vector<AttributeCounts>& attributes) {
  const Communicator& comm = context.comm;
  const DatasetTablesReader tables(comm, data, context.common.input_check);
  if (!tables.items()) return;
  for (const TableColumnInfo& column : tables.items()->columns()) {
    if (column.type != ColumnType::category) continue;
    const std::vector<std::int32_t> codes = agree_on(comm, [&] {
      return tables.items()->codes(column.name, {0, tables.items()->rows()});
    });
    attributes.push_back(
        {AttributeKind::item_category, column.name, column.categories,
         count_buyers(comm, rows, groups.of_row, groups.count(), codes, std::ssize(column.categories))});
  }
}

/// Quarters of a number, by its quartiles; equal ones are taken once.
Categories quarters_of(const Communicator& comm, const Numbers& values) {
  Numbers known;
  std::ranges::copy_if(values, std::back_inserter(known), [](double value) { return !std::isnan(value); });
  Categories quarters;
  const auto bounds = quantiles(comm, known, std::array{0.25, 0.5, 0.75});
  if (!bounds) return quarters;
  std::vector<double> upper = *bounds;
  upper.erase(std::unique(upper.begin(), upper.end()), upper.end());
  for (std::size_t bound = 0; bound < upper.size(); ++bound) {
    quarters.categories.push_back(bound == 0 ? fmt::format("up to {:.6g}", upper[0])
                                             : fmt::format("above {:.6g} to {:.6g}", upper[bound - 1], upper[bound]));
  }
  quarters.categories.push_back(fmt::format("above {:.6g}", upper.back()));
  for (const double value : values) {
    quarters.codes.push_back(std::isnan(value)
                                 ? Categories::missing
                                 : static_cast<std::int32_t>(std::ranges::lower_bound(upper, value) - upper.begin()));
  }
  return quarters;
}

/// Only the categories of the most customers are compared, ties to the first: others belong to few.
constexpr std::size_t most_categories = 200;

/// Without the others: who has one of these has none.
Categories most_frequent(const Communicator& comm, const Categories& all) {
  if (all.categories.size() <= most_categories) return all;
  const std::vector<Index> counts = count_by_group(comm, all.codes, std::ssize(all.categories));
  std::vector<std::size_t> order(counts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::ranges::greater(), [&](std::size_t code) { return counts[code]; });
  order.resize(most_categories);
  std::ranges::sort(order);
  Categories kept;
  std::vector<std::int32_t> new_codes(counts.size(), Categories::missing);
  for (const std::size_t code : order) {
    new_codes[code] = static_cast<std::int32_t>(kept.categories.size());
    kept.categories.push_back(all.categories[code]);
  }
  for (const std::int32_t code : all.codes)
    kept.codes.push_back(code == Categories::missing ? code : new_codes[static_cast<std::size_t>(code)]);
  return kept;
}

/// A column of customers as it is compared.
struct OwnColumn {
  AttributeCounts counts;
  CodedColumn coded;
};

OwnColumn count_own(const Communicator& comm, AttributeKind kind, const std::string& name, Categories categories,
                    const Groups& groups) {
  const auto known = static_cast<std::int32_t>(categories.categories.size());
  categories.codes.resize(groups.of_row.size(), Categories::missing);
  for (std::int32_t& code : categories.codes) code = code == Categories::missing ? known : code;
  AttributeCounts counts{kind, name, std::move(categories.categories),
                         count_codes(comm, categories.codes, groups.of_row, groups.count(), Index{known} + 1)};
  return {std::move(counts), {std::move(categories.codes), Index{known}}};
}

std::vector<OwnColumn> count_own_columns(const Communicator& comm, const Quarter& quarter, const Groups& groups,
                                         const std::string& segment_column) {
  std::vector<OwnColumn> columns;
  for (const TableColumn& column : quarter.columns) {
    if (column.name == segment_column) continue;
    if (const auto* categories = std::get_if<Categories>(&column.values)) {
      columns.push_back(
          count_own(comm, AttributeKind::category, column.name, most_frequent(comm, *categories), groups));
    } else {
      const auto& numbers = std::get<Numbers>(column.values);
      columns.push_back(count_own(comm, AttributeKind::number, column.name, quarters_of(comm, numbers), groups));
    }
  }
  return columns;
}

/// Values that some customer has.
Index used_values(const AttributeCounts& counts, Index groups) {
  Index used = 0;
  for (auto begin = counts.counts.begin(); begin != counts.counts.end(); begin += groups)
    used += std::any_of(begin, begin + groups, [](Index count) { return count > 0; }) ? 1 : 0;
  return used;
}

/// Places of the columns, those with withheld values first, then those with the fewest values.
std::vector<std::size_t> coarsest_first(const std::vector<OwnColumn>& columns, const std::vector<char>& is_withheld,
                                        Index groups) {
  std::vector<std::size_t> order(columns.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t place) {
    return is_withheld[place] != 0 ? Index{0} : used_values(columns[place].counts, groups);
  });
  return order;
}

/// Columns whose numbers would not give hidden ones of another column back.
void add_unrelated(const Communicator& comm, std::vector<OwnColumn> columns, const std::vector<std::string>& withheld,
                   Index groups, CountedAttributes& attributes) {
  std::vector<char> is_withheld;
  for (const OwnColumn& column : columns)
    is_withheld.push_back(std::ranges::find(withheld, column.counts.name) != withheld.end() ? 1 : 0);
  std::vector<std::string> reasons(columns.size());
  std::vector<std::size_t> compared;
  for (const std::size_t place : coarsest_first(columns, is_withheld, groups)) {
    const std::string& name = columns[place].counts.name;
    if (is_withheld[place] != 0) {
      reasons[place] = fmt::format("lifts of {}: they would give back values that --export leaves empty", name);
      compared.push_back(place);
      continue;
    }
    for (const std::size_t other : compared) {
      const ColumnRelation relation = relation_of(comm, columns[place].coded, columns[other].coded);
      if (relation.shares_totals) {
        reasons[place] = fmt::format(
            "lifts of {}: some of its values have together the customers of values of {}, so that numbers "
            "of both would give hidden ones back",
            name, columns[other].counts.name);
        break;
      }
      if (!relation.shares_unknown) continue;
      columns[place].counts.publishes_unknown = true;
      columns[other].counts.publishes_unknown = true;
    }
    if (reasons[place].empty()) compared.push_back(place);
  }
  for (std::size_t place = 0; place < columns.size(); ++place) {
    if (reasons[place].empty()) {
      attributes.counts.push_back(std::move(columns[place].counts));
    } else {
      attributes.left_out.push_back(std::move(reasons[place]));
    }
  }
}

}  // namespace

CountedAttributes count_attributes(const JobContext& context, const Quarter& quarter, const Groups& groups,
                                   const std::string& data, Index most_items, const std::string& segment_column,
                                   const std::vector<std::string>& withheld) {
  const Communicator& comm = context.comm;
  CountedAttributes attributes;
  const SparseRows rows = quarter.dataset->read(DatasetPart::interactions, quarter.ids.rows);
  if (most_items > 0) attributes.counts.push_back(count_items(comm, quarter, rows, groups, most_items));
  count_item_categories(context, rows, groups, data, attributes.counts);
  add_unrelated(comm, count_own_columns(comm, quarter, groups, segment_column), withheld, groups.count(), attributes);
  return attributes;
}

}  // namespace rankwise
