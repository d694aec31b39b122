#pragma once
// In what segments differ from all other customers, of what may be printed.

#include <string>
#include <vector>

#include "jobs/segments/measures/attributes.hpp"
#include "kernels/base/types.hpp"
#include "kernels/statistics/proportions.hpp"

namespace rankwise {

inline constexpr double lift_confidence = 0.95;

/// A value in a segment.
struct LiftCell {
  std::size_t value = 0;  ///< of the attribute's
  std::size_t group = 0;
  Outcomes inside;   ///< customers of the segment, and those with the value
  Outcomes outside;  ///< likewise of all other customers
  Lift lift;
  double p_adjusted = 1;  ///< over all cells of the report

  /// How many times as large, or as small, the share is at least: the logarithm of the interval's end that is nearer to
  /// 1. Below 0 if 1 lies in it.
  [[nodiscard]] double strength() const;
};

struct AttributeLifts {
  AttributeKind kind = AttributeKind::item;
  std::string name;
  std::vector<std::string> values;
  std::vector<LiftCell> cells;  ///< ascending by value, then group
  Index hidden = 0;             ///< cells of segments that are not printed
};

/// Only groups that are segments have cells, and only values that some customer has. Neither those who have a value nor
/// those who have it not may be too few. Of what is hidden no printed number gives an upper bound below `least` more
/// than it is, by totals: of one's own values in a table with the groups' sizes, of items and their categories in one
/// for each.
[[nodiscard]] std::vector<AttributeLifts> measure_lifts(const std::vector<AttributeCounts>& attributes,
                                                        const Groups& groups, Index least);

/// A reason for what a segment is called: a cell of an attribute.
struct SegmentReason {
  const AttributeLifts* attribute = nullptr;
  const LiftCell* cell = nullptr;
};

/// Of the group's cells with an adjusted p of at most 0.05 and an interval without 1, at most `most`, the strongest
/// first (ties to the first): the strongest of each attribute, then others if there is place. Points into `lifts`.
[[nodiscard]] std::vector<SegmentReason> strongest_reasons(const std::vector<AttributeLifts>& lifts, std::size_t group,
                                                           std::size_t most);

}  // namespace rankwise
