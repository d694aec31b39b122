#include "distributed/cleaning/part_rows.hpp"

#include <algorithm>

namespace rankwise {

PartRows count_part_rows(const UserEvents& rows, std::span<const EventPart> parts, const MergeRules& rules,
                         RejectedRows& rejected) {
  PartRows counts;
  const auto count = [&](std::span<const Event> pair, EventPart part) {
    const Index size = std::ranges::count(pair, part, &Event::part);
    if (size == 0) return;
    const bool leaves_out_repeats = part == EventPart::heldout && rules.repeats == Repeats::drop;
    const bool is_refused = !merged_part(pair, part, rules);
    if (!is_refused && !(leaves_out_repeats && is_repeated(pair, rules))) {
      counts.merged += size - 1;
      ++counts.interactions[static_cast<std::size_t>(part)];
      return;
    }
    (is_refused ? counts.refused : counts.repeated) += size;
    for (const Event& row : pair) {
      if (row.part == part) rejected.add(is_refused ? RowRule::min_total : RowRule::repeats, row.position);
    }
  };
  for (Index u = 0; u < rows.users.size(); ++u) {
    for_each_pair(rows.of(u), [&](std::span<const Event> pair) {
      for (const EventPart part : parts) count(pair, part);
    });
  }
  return counts;
}

}  // namespace rankwise
