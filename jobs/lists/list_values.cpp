#include "jobs/lists/list_values.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>

#include "distributed/ranking/ranking.hpp"

namespace rankwise {

const ListWords& list_words(ListKind kind) {
  static constexpr std::array<ListWords, 4> words{
      {{"user", "/users", "/recommendations", "item", "items", "item", "items"},
       {"item", "/items", "/similar", "similar_item", "similar_items", "item", "items"},
       {"user", "/users", "/similar", "similar_user", "similar_users", "user", "users"},
       {"segment", "/segments", "/recommendations", "item", "items", "item", "items"}}};
  return words[static_cast<std::size_t>(kind)];
}

bool has_sources(ListKind kind) {
  return kind == ListKind::recommendations || kind == ListKind::segment_recommendations;
}

void Lists::append(const List& list, float score_offset) {
  for (const ScoredItem& item : list.items) {
    items.push_back(item.item);
    scores.push_back(item.score + score_offset);
  }
  offsets.push_back(static_cast<Index>(items.size()));
  sources.push_back(list.source);
  ends.push_back(list.end);
}

void Lists::append(const Lists& more) {
  append_ids(owners, more.owners);
  const Index before = offsets.back();
  for (std::size_t u = 1; u < more.offsets.size(); ++u) offsets.push_back(before + more.offsets[u]);
  items.insert(items.end(), more.items.begin(), more.items.end());
  scores.insert(scores.end(), more.scores.begin(), more.scores.end());
  sources.insert(sources.end(), more.sources.begin(), more.sources.end());
  ends.insert(ends.end(), more.ends.begin(), more.ends.end());
  rows.insert(rows.end(), more.rows.begin(), more.rows.end());
  segments.insert(segments.end(), more.segments.begin(), more.segments.end());
  probabilities.insert(probabilities.end(), more.probabilities.begin(), more.probabilities.end());
  reasons.insert(reasons.end(), more.reasons.begin(), more.reasons.end());
  largest_gap = std::max(largest_gap, more.largest_gap);
}

void require_finite(const Communicator& comm, const std::string& model, std::string_view owner, const Lists& lists) {
  agree_on(comm, [&] {
    const auto bad = std::ranges::find_if(lists.scores, [](float score) { return !std::isfinite(score); });
    if (bad == lists.scores.end()) return;
    const Index entry = bad - lists.scores.begin();
    const Index place = std::ranges::upper_bound(lists.offsets, entry) - lists.offsets.begin() - 1;
    throw Error(ExitCode::bad_data, fmt::format("{}: {} {}: {}", model, owner, id_text(lists.owners, place),
                                                overflow_text(lists.items[static_cast<std::size_t>(entry)], *bad)));
  });
}

}  // namespace rankwise
