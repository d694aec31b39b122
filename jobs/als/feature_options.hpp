#pragma once
// --user-features, --item-features and what belongs to them.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "distributed/features/feature_map.hpp"
#include "kernels/base/types.hpp"

namespace boost::program_options {
class options_description;
}

namespace rankwise {

/// The word for all columns of a table.
inline constexpr const char* all_columns = "all";

/// The weight of |A|^2 in rows, unless another is asked for; docs/PERFORMANCE.md has what it was compared with.
inline constexpr double usual_feature_penalty = 5;

struct FeatureOptions {
  std::vector<std::string> user_columns = {};  ///< as given; none: users have no features
  std::vector<std::string> item_columns = {};
  std::optional<Index> width = {};
  std::optional<double> penalty = {};

  [[nodiscard]] bool any() const { return !user_columns.empty() || !item_columns.empty(); }
  [[nodiscard]] Index resolved_width() const { return width.value_or(usual_feature_width); }
  [[nodiscard]] double resolved_penalty() const { return penalty.value_or(usual_feature_penalty); }
};

/// Adds the options; `options` outlives the description. None has a default in the configuration: a run without
/// features says nothing of them.
void describe_features(boost::program_options::options_description& description,
                       const std::shared_ptr<FeatureOptions>& options);

/// Throws AgreedError(usage) where an option would be silently without effect.
void require_sense(const FeatureOptions& options);

}  // namespace rankwise
