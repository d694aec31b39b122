#pragma once
// What became of the rows of a split's parts, for accounts of rows.

#include <array>
#include <span>

#include "distributed/log/duplicates.hpp"
#include "distributed/log/rejected_rows.hpp"

namespace rankwise {

inline constexpr std::array all_event_parts{EventPart::training, EventPart::heldout, EventPart::given};

/// What became of the rows of some parts.
struct PartRows {
  Index refused = 0;                    ///< rows of merges that are no interactions
  Index repeated = 0;                   ///< rows that the held-out part leaves out, since training has their pair, too
  Index merged = 0;                     ///< rows beyond the first one of an interaction
  std::array<Index, 3> interactions{};  ///< by EventPart
};

/// Of this rank's rows in `parts`, as select_part makes interactions of them; refused and repeated ones go to
/// `rejected`. Local.
[[nodiscard]] PartRows count_part_rows(const UserEvents& rows, std::span<const EventPart> parts,
                                       const MergeRules& rules, RejectedRows& rejected);

}  // namespace rankwise
