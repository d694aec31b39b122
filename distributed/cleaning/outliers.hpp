#pragma once
// Values far from the others, of the whole log or of their item.

#include <optional>
#include <span>
#include <vector>

#include "distributed/cleaning/rule_log.hpp"

namespace rankwise {

/// Bounds from order statistics (quantiles of type 7):
///   iqr       q1 - c (q3 - q1) and q3 + c (q3 - q1), with the quartiles q1 and q3 (Tukey)
///   mad       m - c s and m + c s, with the median m and s = median |value - m| / 0.6744897501960817, the deviation's
///             normal quantile
///   quantile  the quantiles of `low` and `high`
struct OutlierRule {
  enum class Scope { all_values, values_of_item };
  enum class Kind { iqr, mad, quantile };
  enum class Action { drop, clip };
  Scope scope = Scope::all_values;
  Kind kind = Kind::iqr;
  double multiple = 1.5;  ///< c; at least 0
  double low = 0;         ///< quantile: 0 <= low < high <= 1
  double high = 1;
  Action action = Action::drop;
};

struct ValueBounds {
  double least = 0;
  double most = 0;
};

/// Of ascending numbers, at least one; none where iqr and mad see no spread: half of the values or more are equal.
[[nodiscard]] std::optional<ValueBounds> sorted_bounds(std::span<const double> ascending, const OutlierRule& rule);
/// The same of all ranks' numbers; none also if there are no numbers. Collective over comm.
[[nodiscard]] std::optional<ValueBounds> value_bounds(const Communicator& comm, std::span<const double> values,
                                                      const OutlierRule& rule);

/// Over all ranks.
struct OutlierCounts {
  Index outliers = 0;                 ///< dropped or clipped
  Index bounded_items = 0;            ///< values_of_item: with bounds
  Index small_items = 0;              ///< with fewer rows than `min_rows`: left alone
  Index even_items = 0;               ///< without spread: left alone
  std::optional<ValueBounds> bounds;  ///< all_values
};

/// Drops or clips the values outside the bounds; a value on a bound is inside. Holds two numbers for each item.
/// Collective over comm.
[[nodiscard]] OutlierCounts treat_outliers(const Communicator& comm, const OutlierRule& rule, Index min_rows,
                                           RuleLog& log);

}  // namespace rankwise
