#include "jobs/segments/measures/typical_customers.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <string_view>

#include "distributed/comm/key_exchange.hpp"

namespace rankwise {

namespace {

struct Candidate {
  float distance = 0;
  std::int32_t group = 0;
  Index row = 0;  ///< global
};

bool is_before(const Candidate& one, const Candidate& other) {
  if (one.group != other.group) return one.group < other.group;
  return one.distance != other.distance ? one.distance < other.distance : one.row < other.row;
}

/// Of candidates in this order, the first few of each group.
void keep_first(std::vector<Candidate>& candidates, std::size_t most) {
  std::ranges::sort(candidates, is_before);
  std::vector<Candidate> kept;
  std::size_t of_group = 0;
  for (const Candidate& candidate : candidates) {
    of_group = kept.empty() || kept.back().group != candidate.group ? 0 : of_group;
    if (of_group++ < most) kept.push_back(candidate);
  }
  candidates = std::move(kept);
}

}  // namespace

std::vector<std::vector<std::string>> typical_customers(const Communicator& comm, const Groups& groups,
                                                        const IdRows& ids, const std::vector<float>& distances,
                                                        std::size_t most) {
  std::vector<Candidate> candidates;
  for (std::size_t row = 0; row < distances.size(); ++row) {
    const std::int32_t group = groups.of_row[row];
    if (groups.list[static_cast<std::size_t>(group)].kind == GroupKind::segment && !std::isnan(distances[row]))
      candidates.push_back({distances[row], group, ids.rows.begin + static_cast<Index>(row)});
  }
  keep_first(candidates, most);
  candidates = comm.all_gather_varied(std::span<const Candidate>(candidates)).values;
  keep_first(candidates, most);

  // Their ids, each from the rank that has it: in rank order, which is the order of rows.
  std::vector<Candidate> by_row = candidates;
  std::ranges::sort(by_row, {}, &Candidate::row);
  std::vector<std::string> texts;
  for (const Candidate& candidate : by_row) {
    if (ids.rows.contains(candidate.row)) texts.push_back(id_text(ids.ids, candidate.row - ids.rows.begin));
  }
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  const auto gathered = gather_keys(comm, std::span<const std::string_view>(views));
  std::vector<std::vector<std::string>> typical(groups.list.size());
  for (const Candidate& candidate : candidates) {
    const auto place = std::ranges::lower_bound(by_row, candidate.row, {}, &Candidate::row) - by_row.begin();
    typical[static_cast<std::size_t>(candidate.group)].emplace_back(gathered.keys[static_cast<std::size_t>(place)]);
  }
  return typical;
}

}  // namespace rankwise
