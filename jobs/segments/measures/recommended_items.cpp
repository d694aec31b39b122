#include "jobs/segments/measures/recommended_items.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <span>
#include <string_view>

#include "distributed/comm/key_exchange.hpp"
#include "distributed/rows/id_matching.hpp"
#include "distributed/rows/partition.hpp"
#include "distributed/rows/values_at_rows.hpp"
#include "jobs/segments/measures/listed_items.hpp"
#include "kernels/text/counted.hpp"

namespace rankwise {

namespace {

/// The items of the lists of each group's customers, by numbers of the dataset.
struct GroupedItems {
  std::vector<std::vector<Index>> by_group;
  Index unknown = 0;  ///< places of all ranks' lists of customers or items that the dataset does not know
};

GroupedItems items_by_group(const Communicator& comm, const ListedItems& lists, const Quarter& quarter,
                            const Groups& groups) {
  const std::vector<Index> rows = find_rows_by_id(comm, lists.users, quarter.ids);
  const auto group_of = values_at_rows<std::int32_t>(comm, rows, quarter.ids.rows, groups.of_row, -1);
  const RowRange mine = Partition::by_count(quarter.dataset->items(), comm.size()).range(comm.rank());
  const std::vector<Index> items = find_rows_by_id(comm, lists.items, quarter.dataset->item_ids(mine));
  GroupedItems grouped{std::vector<std::vector<Index>>(groups.list.size()), 0};
  for (std::size_t user = 0; user < group_of.size(); ++user) {
    for (auto entry = static_cast<std::size_t>(lists.offsets[user]);
         entry < static_cast<std::size_t>(lists.offsets[user + 1]); ++entry) {
      if (group_of[user] < 0 || items[entry] < 0) {
        ++grouped.unknown;
      } else {
        grouped.by_group[static_cast<std::size_t>(group_of[user])].push_back(items[entry]);
      }
    }
  }
  grouped.unknown = comm.sum(grouped.unknown);
  return grouped;
}

struct ItemCount {
  Index customers = 0;
  Index item = 0;
};

std::vector<ItemCount> most_listed(const Communicator& comm, const std::vector<Index>& listed, Index items, Index size,
                                   std::size_t most, Index least) {
  std::vector<Index> counts(static_cast<std::size_t>(items), 0);
  for (const Index item : listed) ++counts[static_cast<std::size_t>(item)];
  comm.all_reduce_sum(std::span<Index>(counts));
  std::vector<ItemCount> printed;
  for (Index item = 0; item < items; ++item) {
    const Index customers = counts[static_cast<std::size_t>(item)];
    if (customers >= least && (customers == size || size - customers >= least)) printed.push_back({customers, item});
  }
  std::ranges::stable_sort(printed, std::ranges::greater(), &ItemCount::customers);
  printed.resize(std::min(printed.size(), most));
  return printed;
}

/// Of each item that is wanted, in their order. Collective.
std::vector<std::string> names_of(const Communicator& comm, const DatasetReader& dataset,
                                  const std::vector<ItemCount>& wanted) {
  const RowRange mine = Partition::by_count(dataset.items(), comm.size()).range(comm.rank());
  const IdRows ids = dataset.item_ids(mine);
  std::vector<Index> items;
  for (const ItemCount& each : wanted) items.push_back(each.item);
  std::ranges::sort(items);
  std::vector<std::string> texts;
  for (const Index item : items) {
    if (mine.contains(item)) texts.push_back(id_text(ids.ids, item - mine.begin));
  }
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  const auto gathered = gather_keys(comm, std::span<const std::string_view>(views));
  std::vector<std::string> names;
  for (const ItemCount& each : wanted) {
    const auto place = std::ranges::lower_bound(items, each.item) - items.begin();
    names.emplace_back(gathered.keys[static_cast<std::size_t>(place)]);
  }
  return names;
}

}  // namespace

std::vector<std::vector<RecommendedItem>> recommended_items(const JobContext& context, const std::string& path,
                                                            const Quarter& quarter, const Groups& groups,
                                                            std::size_t most, Index least) {
  const Communicator& comm = context.comm;
  const ListedItems lists = agree_on(comm, [&] { return read_listed_items(comm, path, context.common.input_check); });
  const GroupedItems grouped = items_by_group(comm, lists, quarter, groups);
  if (grouped.unknown > 0) {
    context.report.warning(fmt::format("{}: {} of lists left out: the dataset has no such customer or item", path,
                                       counted(grouped.unknown, "item")));
  }
  std::vector<std::vector<RecommendedItem>> recommended;
  for (std::size_t group = 0; group < groups.list.size(); ++group) {
    const std::vector<ItemCount> found =
        most_listed(comm, grouped.by_group[group], quarter.dataset->items(), groups.list[group].customers, most, least);
    const std::vector<std::string> names = names_of(comm, *quarter.dataset, found);
    std::vector<RecommendedItem>& items = recommended.emplace_back();
    for (std::size_t place = 0; place < found.size(); ++place) items.push_back({names[place], found[place].customers});
  }
  return recommended;
}

}  // namespace rankwise
