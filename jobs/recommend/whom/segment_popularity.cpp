#include "jobs/recommend/whom/segment_popularity.hpp"

#include <algorithm>
#include <span>

#include "distributed/rows/partition.hpp"
#include "distributed/rows/select_rows.hpp"

namespace rankwise {

namespace {

/// Of all segments.
struct Counts {
  std::vector<Index> users;                 ///< of the segment
  std::vector<Index> users_with_entries;    ///< of them
  std::vector<std::vector<Index>> entries;  ///< of each item; empty: the segment has none
};

/// Users of a rank whose rows are read at a time.
constexpr Index users_at_a_time = Index{1} << 16;

/// This rank's share. Collective.
Counts count_entries(const Communicator& comm, const UserSegments& segments, const DatasetReader& training,
                     const InModelItems& in_model_items, Index items) {
  const auto number = static_cast<std::size_t>(segments.count());
  Counts counts{std::vector<Index>(number), std::vector<Index>(number), std::vector<std::vector<Index>>(number)};
  const RowRange mine = Partition::by_count(training.users(), comm.size()).range(comm.rank());
  const Index rounds = comm.max((mine.size() + users_at_a_time - 1) / users_at_a_time);
  for (Index round = 0; round < rounds; ++round) {
    const Index first = std::min(mine.begin + round * users_at_a_time, mine.end);
    const RowRange some{first, std::min(first + users_at_a_time, mine.end)};
    const std::vector<std::int32_t> of_users = segments.of_rows(some);
    const SparseRows rows = in_model_items(training.read(DatasetPart::interactions, some));
    for (std::size_t user = 0; user < of_users.size(); ++user) {
      if (of_users[user] == no_segment) continue;
      const auto segment = static_cast<std::size_t>(of_users[user]);
      const std::span<const Index> has = row_columns(rows, static_cast<Index>(user));
      ++counts.users[segment];
      if (has.empty()) continue;
      ++counts.users_with_entries[segment];
      std::vector<Index>& entries = counts.entries[segment];
      entries.resize(static_cast<std::size_t>(items));
      for (const Index item : has) ++entries[static_cast<std::size_t>(item)];
    }
  }
  comm.all_reduce_sum(std::span<Index>(counts.users));
  comm.all_reduce_sum(std::span<Index>(counts.users_with_entries));
  return counts;
}

/// `entries`: of each item, over all ranks.
Catalogue catalogue_of(Index users, std::vector<Index> entries, const Catalogue& offered) {
  Catalogue catalogue{.users = users, .entries = std::move(entries)};
  for (Index item = 0; item < catalogue.items(); ++item) {
    if (!offered.is_candidate(item)) catalogue.entries[static_cast<std::size_t>(item)] = 0;
    if (catalogue.is_candidate(item)) catalogue.by_popularity.push_back(item);
  }
  std::ranges::stable_sort(catalogue.by_popularity, [&catalogue](Index a, Index b) {
    return catalogue.entries[static_cast<std::size_t>(a)] > catalogue.entries[static_cast<std::size_t>(b)];
  });
  return catalogue;
}

}  // namespace

SegmentPopularity::SegmentPopularity(const Communicator& comm, const UserSegments& segments,
                                     const DatasetReader& training, const InModelItems& in_model_items,
                                     const Catalogue& offered, Index least_users) {
  Counts counts = count_entries(comm, segments, training, in_model_items, offered.items());
  catalogues_.resize(counts.users.size());
  for (std::size_t segment = 0; segment < catalogues_.size(); ++segment) {
    std::vector<Index> entries = std::exchange(counts.entries[segment], {});
    if (counts.users_with_entries[segment] < least_users) continue;
    entries.resize(static_cast<std::size_t>(offered.items()));
    comm.all_reduce_sum(std::span<Index>(entries));
    catalogues_[segment] = catalogue_of(counts.users[segment], std::move(entries), offered);
  }
}

const Catalogue* SegmentPopularity::of(std::int32_t segment) const {
  if (segment == no_segment) return nullptr;
  const std::optional<Catalogue>& catalogue = catalogues_[static_cast<std::size_t>(segment)];
  return catalogue ? &*catalogue : nullptr;
}

Index SegmentPopularity::small_segments() const {
  return std::ranges::count_if(catalogues_, [](const auto& catalogue) { return !catalogue.has_value(); });
}

}  // namespace rankwise
