#pragma once
// What a run of `propensity` is asked for.

#include <cstdint>
#include <optional>
#include <string>

#include "distributed/regression/regression_fit.hpp"
#include "kernels/base/types.hpp"

namespace boost::program_options {
class options_description;
}

namespace rankwise {

struct PropensityOptions {
  std::string profile;   ///< of the time before
  std::string outcomes;  ///< dataset
  std::string score;     ///< another profile, whose customers get the scores; empty: none
  std::string output;
  std::string report;                     ///< page; empty: not wanted
  std::string json;                       ///< empty: not wanted
  std::optional<std::int64_t> first_day;  ///< of the period; nothing: the day after the profile's analysis
  std::optional<std::int64_t> days;       ///< of the period; nothing: to the end of the outcomes
  std::string target = "anything";        ///< or "money", or a condition on the table of items
  std::string money;                      ///< column of the table of items; empty: values are money
  std::optional<RegressionModel> model;   ///< nothing: that of the target
  std::optional<double> penalty;          ///< nothing: by cross-validation
  Index folds = 5;
  std::string columns;  ///< of the profile; empty: all of numbers and categories
  Index most_categories = 20;
  int deflate_level = 0;

  [[nodiscard]] bool is_of_condition() const { return target != "anything" && target != "money"; }
  [[nodiscard]] RegressionModel chosen_model() const;
  [[nodiscard]] bool writes_csv() const { return output.ends_with(".csv"); }
};

/// Adds the options; `options` outlives them.
void describe_propensity_options(boost::program_options::options_description& description, PropensityOptions& options);

/// Throws Error(usage) if options contradict each other, or would have no effect.
void require_sense(const PropensityOptions& options);

}  // namespace rankwise
