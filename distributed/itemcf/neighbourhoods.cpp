#include "distributed/itemcf/neighbourhoods.hpp"

#include <algorithm>
#include <omp.h>

#include "distributed/rows/select_rows.hpp"
#include "distributed/threads/team_size.hpp"

namespace rankwise {

namespace {

/// Pairs of members of all neighbourhoods, those that several have as often.
double all_pairs(const Neighbourhoods& neighbourhoods) {
  double pairs = 0;
  for (Index row = neighbourhoods.rows().begin; row < neighbourhoods.rows().end; ++row)
    pairs += static_cast<double>(pair_count(std::ssize(neighbourhoods.members(row))));
  return pairs;
}

/// Members of an item's neighbourhoods that have lower numbers, each once. For one thread.
class PartnersOfItems {
 public:
  explicit PartnersOfItems(Index items) : met_by_(at(items), -1) {}

  template <class Visit>
  void for_each(const Neighbourhoods& neighbourhoods, const Memberships& memberships, LocalIndex number,
                Visit&& visit) {
    for (const Membership& membership : memberships.of(number)) {
      const std::span<const LocalIndex> members = neighbourhoods.members(neighbourhoods.rows().begin + membership.row);
      for (const LocalIndex partner : members.first(at(membership.place))) {
        if (met_by_[at(partner)] == number) continue;
        met_by_[at(partner)] = number;
        visit(partner);
      }
    }
  }

 private:
  std::vector<LocalIndex> met_by_;  ///< of each number, the last item that has met it
};

/// Calls visit(item, partners) for all items, by all threads; made before threads begin, so that want of memory is an
/// exception of this thread.
template <class Visit>
void for_each_item(const ItemLayout& layout, const Neighbourhoods& neighbourhoods, Visit&& visit) {
  std::vector<PartnersOfItems> each(at(omp_get_max_threads()), PartnersOfItems(layout.count()));
#pragma omp parallel num_threads(team_size(all_pairs(neighbourhoods)))
  {
    PartnersOfItems& partners = each[at(omp_get_thread_num())];
#pragma omp for schedule(dynamic, 64)
    for (Index item = 0; item < layout.count(); ++item) visit(item, partners);
  }
}

/// Of each item, how many others it is asked for.
std::vector<Index> partner_counts(const ItemLayout& layout, const Neighbourhoods& neighbourhoods,
                                  const Memberships& memberships) {
  std::vector<Index> counts(at(layout.count()));
  for_each_item(layout, neighbourhoods, [&](Index item, PartnersOfItems& partners) {
    Index count = 0;
    partners.for_each(neighbourhoods, memberships, layout.number_of[at(item)], [&count](LocalIndex) { ++count; });
    counts[at(item)] = count;
  });
  return counts;
}

}  // namespace

Neighbourhoods::Neighbourhoods(const ItemLayout& layout, const SparseRows& neighbours, RowRange rows) : rows_(rows) {
  const Index entries = neighbours.offsets[at(rows.end)] - neighbours.offsets[at(rows.begin)];
  offsets_.reserve(at(rows.size() + 1));
  members_.reserve(at(entries + rows.size()));
  own_.reserve(at(rows.size()));
  for (Index row = rows.begin; row < rows.end; ++row) {
    const LocalIndex own = layout.number_of[at(neighbours.rows.begin + row)];
    const std::size_t begin = members_.size();
    for (const Index item : row_columns(neighbours, row)) members_.push_back(layout.number_of[at(item)]);
    members_.push_back(own);
    const auto mine = std::span(members_).subspan(begin);
    std::ranges::sort(mine);
    own_.push_back(static_cast<LocalIndex>(std::ranges::lower_bound(mine, own) - mine.begin()));
    offsets_.push_back(std::ssize(members_));
  }
}

Index Neighbourhoods::bytes(Index members) {
  return members * static_cast<Index>(sizeof(LocalIndex) + sizeof(Membership)) +
         static_cast<Index>(sizeof(Index) + sizeof(LocalIndex));
}

Memberships::Memberships(const Neighbourhoods& neighbourhoods, RowRange rows, Index items) : offsets_(at(items) + 1) {
  for (Index row = rows.begin; row < rows.end; ++row) {
    for (const LocalIndex member : neighbourhoods.members(row)) ++offsets_[at(member) + 1];
  }
  for (std::size_t i = 1; i < offsets_.size(); ++i) offsets_[i] += offsets_[i - 1];
  all_.resize(at(offsets_.back()));
  std::vector<Index> next(offsets_.begin(), offsets_.end() - 1);
  for (Index row = rows.begin; row < rows.end; ++row) {
    LocalIndex place = 0;
    for (const LocalIndex member : neighbourhoods.members(row))
      all_[at(next[at(member)]++)] = {static_cast<LocalIndex>(row - rows.begin), place++};
  }
}

PairRequests requests_of(const ItemLayout& layout, const Neighbourhoods& neighbourhoods) {
  const Memberships memberships(neighbourhoods, neighbourhoods.rows(), layout.count());
  const std::vector<Index> counts = partner_counts(layout, neighbourhoods, memberships);
  std::vector<Index> first(counts.size() + 1);  // of each item, where its partners begin
  for (std::size_t item = 0; item < counts.size(); ++item) first[item + 1] = first[item] + counts[item];
  PairRequests requests;
  for (std::size_t item = 0; item < counts.size(); ++item) {
    if (counts[item] == 0) continue;
    requests.numbers.push_back(layout.number_of[item]);
    requests.offsets.push_back(first[item + 1]);
  }
  requests.partners.resize(at(first.back()));
  for_each_item(layout, neighbourhoods, [&](Index item, PartnersOfItems& partners) {
    LocalIndex* next = requests.partners.data() + first[at(item)];
    partners.for_each(neighbourhoods, memberships, layout.number_of[at(item)],
                      [&next](LocalIndex partner) { *next++ = partner; });
  });
  return requests;
}

Index count_requests(const ItemLayout& layout, const Neighbourhoods& neighbourhoods) {
  const Memberships memberships(neighbourhoods, neighbourhoods.rows(), layout.count());
  Index pairs = 0;
  for (const Index count : partner_counts(layout, neighbourhoods, memberships)) pairs += count;
  return pairs;
}

void NeighbourhoodSums::fill(const ItemLayout& layout, const Neighbourhoods& neighbourhoods, RowRange rows,
                             const PairRequests& requests, std::span<const std::int64_t> answers) {
  rows_ = rows;
  offsets_.assign(1, 0);
  for (Index row = rows.begin; row < rows.end; ++row)
    offsets_.push_back(offsets_.back() + pair_count(std::ssize(neighbourhoods.members(row))));
  sums_.resize(at(offsets_.back()));
  const Memberships memberships(neighbourhoods, rows, layout.count());
  // The answers to one request, by number, for each thread.
  std::vector<std::vector<std::int64_t>> by_number(at(omp_get_max_threads()),
                                                   std::vector<std::int64_t>(at(layout.count())));
#pragma omp parallel num_threads(team_size(static_cast <double>(offsets_.back())))
  {
    std::vector<std::int64_t>& with = by_number[at(omp_get_thread_num())];
#pragma omp for schedule(dynamic, 16)
    for (Index r = 0; r < std::ssize(requests.numbers); ++r) {
      const std::span<const Membership> mine = memberships.of(requests.numbers[at(r)]);
      if (mine.empty()) continue;
      for (Index p = requests.offsets[at(r)]; p < requests.offsets[at(r) + 1]; ++p)
        with[at(requests.partners[at(p)])] = answers[at(p)];
      for (const Membership& membership : mine) {
        const std::span<const LocalIndex> members = neighbourhoods.members(rows.begin + membership.row);
        std::int64_t* sums = sums_.data() + offsets_[at(membership.row)] + pair_count(membership.place);
        for (const LocalIndex partner : members.first(at(membership.place))) *sums++ = with[at(partner)];
      }
    }
  }
}

}  // namespace rankwise
