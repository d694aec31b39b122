#include "distributed/evaluation/heldout_rows.hpp"

#include <algorithm>
#include <utility>

#include "distributed/rows/select_rows.hpp"
#include "distributed/threads/team_size.hpp"

namespace rankwise {

namespace {

/// Of each of `heldout`, whether `history` has it; both ascend.
void mark_seen(std::span<const Index> heldout, std::span<const Index> history, std::span<char> are_seen) {
  // Steps that the processor can foresee, unless they are many: a search for each target took a twelfth of an
  // evaluation.
  constexpr std::size_t most_steps = 32;
  const bool are_few = history.size() < most_steps * heldout.size();
  auto known = history.begin();
  for (std::size_t place = 0; place < heldout.size(); ++place) {
    if (are_few) {
      while (known != history.end() && *known < heldout[place]) ++known;
    } else {
      known = std::lower_bound(known, history.end(), heldout[place]);
    }
    are_seen[place] = known != history.end() && *known == heldout[place] ? 1 : 0;
  }
}

}  // namespace

// Marked once: contenders, slices and counts ask for a user's targets in some eight passes, which took a twentieth of
// an evaluation while each of them compared the rows again.
HeldoutRows::HeldoutRows(Partition users, SparseRows heldout_rows, SparseRows seen_rows)
    : partition(std::move(users)),
      heldout(std::move(heldout_rows)),
      seen(std::move(seen_rows)),
      are_seen(heldout.columns.size()) {
  const int threads = team_size(static_cast<double>(heldout.entries() + seen.entries()));
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1024)
  for (Index row = 0; row < heldout.rows.size(); ++row) {
    const auto begin = static_cast<std::size_t>(heldout.offsets[static_cast<std::size_t>(row)]);
    const std::span<const Index> items = row_columns(heldout, row);
    mark_seen(items, row_columns(seen, row), std::span(are_seen).subspan(begin, items.size()));
  }
}

void find_targets(SeenItems seen, const HeldoutRows& rows, Index row, Targets& targets) {
  targets.items.clear();
  targets.places.clear();
  const std::span<const Index> heldout = row_columns(rows.heldout, row);
  const Index first = rows.heldout.offsets[static_cast<std::size_t>(row)];
  for (std::size_t place = 0; place < heldout.size(); ++place) {
    const bool is_seen = rows.are_seen[static_cast<std::size_t>(first) + place] != 0;
    if (seen != SeenItems::allow && is_seen != (seen == SeenItems::only)) continue;
    targets.items.push_back(heldout[place]);
    targets.places.push_back(first + static_cast<Index>(place));
  }
}

std::vector<Index> ranked_users(SeenItems seen, const HeldoutRows& rows) {
  std::vector<Index> users;
  Targets targets;
  for (Index row = 0; row < rows.heldout.rows.size(); ++row) {
    find_targets(seen, rows, row, targets);
    if (!targets.items.empty()) users.push_back(row);
  }
  return users;
}

namespace {

bool is_described(std::span<const std::uint8_t> described, Index row) {
  return !described.empty() && described[static_cast<std::size_t>(row)] != 0;
}

}  // namespace

RankingCounts count_rankings(const Communicator& comm, const ListRule& rule, const HeldoutRows& rows,
                             std::span<const std::uint8_t> described_users) {
  RankingCounts counts;
  Targets targets;
  for (Index r = 0; r < rows.heldout.rows.size(); ++r) {
    find_targets(rule.seen, rows, r, targets);
    const auto found = static_cast<Index>(targets.items.size());
    counts.left_out += static_cast<Index>(row_columns(rows.heldout, r).size()) - found;
    counts.targets += found;
    counts.cold_targets +=
        std::ranges::count_if(targets.items, [&](Index item) { return !rule.catalogue.is_candidate(item); });
    counts.described_targets +=
        std::ranges::count_if(targets.items, [&](Index item) { return rule.catalogue.describes(item); });
    if (found == 0) continue;
    ++counts.users;
    if (rule.catalogue.knows(row_columns(rows.seen, r))) continue;
    ++(is_described(described_users, r) ? counts.described_users : counts.popular_users);
  }
  return {comm.sum(counts.users),
          comm.sum(counts.popular_users),
          comm.sum(counts.targets),
          comm.sum(counts.cold_targets),
          comm.sum(counts.left_out),
          comm.sum(counts.described_users),
          comm.sum(counts.described_targets)};
}

RatingCounts count_ratings(const Communicator& comm, const Catalogue& catalogue, const HeldoutRows& rows,
                           std::span<const std::uint8_t> described_users) {
  RatingCounts counts{.ratings = rows.heldout.entries()};
  for (Index r = 0; r < rows.heldout.rows.size(); ++r) {
    const std::span<const Index> items = row_columns(rows.heldout, r);
    const auto ratings = static_cast<Index>(items.size());
    const Index cold = std::ranges::count_if(items, [&](Index item) { return !catalogue.is_candidate(item); });
    const bool knows_user = catalogue.knows(row_columns(rows.seen, r)) || is_described(described_users, r);
    counts.cold_items += cold;
    counts.cold_users += knows_user ? 0 : ratings;
    counts.cold += knows_user ? cold : ratings;
  }
  return {comm.sum(counts.ratings), comm.sum(counts.cold_users), comm.sum(counts.cold_items), comm.sum(counts.cold)};
}

}  // namespace rankwise
