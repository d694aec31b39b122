#pragma once
// The options of `recommend`.

#include <string>

#include "distributed/ranking/catalogue.hpp"
#include "jobs/lists/list_format.hpp"
#include "jobs/options/model_choice.hpp"
#include "jobs/recommend/files/split_options.hpp"
#include "jobs/recommend/rules/item_rules.hpp"
#include "jobs/recommend/whom/whom_options.hpp"
#include "kernels/base/types.hpp"

namespace boost::program_options {
class options_description;
}

namespace rankwise {

struct RecommendOptions {
  std::string data;
  ModelChoice model;
  WhomOptions whom;
  std::string output;
  std::string probability;  ///< file of calibrate; empty: none
  Index top = 0;
  SeenItems seen = SeenItems::exclude;
  ItemRuleOptions rules;
  ListFormatOptions format;
  SplitOptions files;
  Index explain = 0;  ///< reasons of an item at most
  int deflate_level = 0;
};

/// Adds the options; `options` outlives them.
void describe_recommendations(boost::program_options::options_description& description, RecommendOptions& options);

/// Throws Error(usage) if options contradict each other or one of them would have no effect.
void require_sense(const RecommendOptions& options);

}  // namespace rankwise
