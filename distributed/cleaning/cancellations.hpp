#pragma once
// Cancellations take purchases back: the nearest earlier ones of the same user and item.

#include "distributed/cleaning/rule_log.hpp"

namespace rankwise {

/// What becomes of a cancellation, or the rest of one, for which there is no earlier purchase.
enum class Unmatched { drop, keep };

/// This rank's rows.
struct CancellationCounts {
  Index cancellations = 0;   ///< rows with a negative quantity, or value if there are no quantities
  Index matched = 0;         ///< of these, taken from purchases as a whole
  Index partly_matched = 0;  ///< a rest is unmatched
  Index unmatched = 0;       ///< nothing of it
  Index purchases_gone = 0;  ///< taken back as a whole
  Index purchases_less = 0;  ///< partly: their value is less, in proportion
  Index kept = 0;            ///< unmatched and partly matched ones that stay
};

/// A row with a negative quantity, or value if the log has no quantities, is a cancellation; one with a positive is a
/// purchase. Cancellations, in the order of their times (and of the input), take from the latest purchases that are not
/// later than they are, one after another until nothing is left of them. What a purchase loses it loses in quantity
/// and, in proportion, in value. Local.
CancellationCounts match_cancellations(RuleLog& log, Unmatched unmatched);

}  // namespace rankwise
