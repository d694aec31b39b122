#pragma once
// Rules that give every row another value: zeros and ones, logarithms, distances from a mean, values within bounds.

#include <cstdint>
#include <limits>

#include "distributed/cleaning/rule_log.hpp"
#include "distributed/comm/communicator.hpp"

namespace rankwise {

/// What becomes of a row's value v:
///   binarize  1 if v > threshold; else the row is dropped
///   log1p     the natural logarithm of 1 + v
///   centre    v - m, with the mean m of the training rows of its user, of its item, or of all
///   clip      low if v < low, high if v > high
struct ValueTransform {
  enum class Kind { binarize, log1p, centre, clip };
  enum class Mean { of_user, of_item, of_all };
  Kind kind = Kind::log1p;
  double threshold = 0;
  Mean mean = Mean::of_all;
  double low = 0;  ///< clip: at most `high`
  double high = 0;
};

/// What a transform did, over all ranks.
struct TransformCounts {
  static constexpr std::int64_t nowhere = std::numeric_limits<std::int64_t>::max();
  Index dropped = 0;                   ///< binarize
  Index changed = 0;                   ///< rows whose value is another one now
  Index unfit = 0;                     ///< log1p: values of -1 or less; no row is changed if there are any
  std::int64_t first_unfit = nowhere;  ///< the position of the first one
  Index training_rows = 0;             ///< centre: of which means are made
  Index means = 0;                     ///< centre: users or items that have one of their own
  Index rows_without_mean = 0;         ///< centre: whose user or item has no training row: the mean of all is theirs
  double mean_of_all = 0;              ///< centre: of training rows; 0 without one
};

/// Applies it to all rows; training rows are those that are not held out. Sums are of fixed point, hence the same bits
/// on any number of ranks. Centring by items holds two numbers for each item. Collective over comm.
[[nodiscard]] TransformCounts transform_values(const Communicator& comm, const ValueTransform& transform, RuleLog& log);

}  // namespace rankwise
