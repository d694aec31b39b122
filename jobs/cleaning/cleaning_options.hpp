#pragma once
// Which rules clean a log, as options.

#include <boost/program_options.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "distributed/cleaning/cancellations.hpp"
#include "distributed/cleaning/outliers.hpp"
#include "jobs/cleaning/transforms.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

enum class ExactRepeats { keep, drop };
enum class Cancellations { keep, match };

/// Rules that are not asked for do nothing.
struct CleaningOptions {
  ExactRepeats exact_repeats = ExactRepeats::keep;
  Cancellations cancellations = Cancellations::keep;
  std::optional<Unmatched> unmatched;      ///< of cancellations; none: drop
  std::vector<OutlierRule> outliers;       ///< one after another
  std::vector<std::string> outlier_words;  ///< as they were given
  std::optional<Index> outlier_min_rows;   ///< of an item; none: 10
  std::optional<Index> max_user_count;
  std::optional<Index> max_events_per_day;
  std::optional<double> max_catalogue_share;
  std::optional<double> max_item_share;
  std::optional<double> half_life_seconds;
  std::vector<GivenTransform> transforms;  ///< one after another
  std::string quarantine;
  std::vector<std::string> reports;  ///< pages and data

  /// Whether a rule looks at the indexed log.
  [[nodiscard]] bool any_rule() const;
};

/// `value:iqr:1.5:drop`, `value:mad:3.5`, `item-value:quantile:0.01,0.99:clip`; without a last word drop. Throws
/// Error(usage).
[[nodiscard]] OutlierRule parse_outlier_rule(std::string_view text);

/// Their values go to `values`, which must outlive the parsing.
void add_cleaning_options(boost::program_options::options_description& options, CleaningOptions& values);

/// Throws Error(usage) if an option would have no effect.
void require_sense(const CleaningOptions& options);

}  // namespace rankwise
