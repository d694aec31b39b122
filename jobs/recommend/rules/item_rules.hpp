#pragma once
// Which items lists may have, how many of one kind, and what raises their scores, as a shop asks for it.

#include <boost/program_options.hpp>
#include <optional>
#include <string>
#include <vector>

#include "distributed/ranking/list_quota.hpp"
#include "jobs/recommend/rules/excluded_pairs.hpp"
#include "jobs/recommend/rules/item_space.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// As people write them; empty: not asked for.
struct ItemRuleOptions {
  std::string items;
  std::string exclude_items;
  std::string exclude_pairs;
  std::string where;
  std::string max_per;
  std::string boost;
  std::optional<double> min_score = {};

  /// Those that choose items, for messages: "--items, --where"; empty if there are none.
  [[nodiscard]] std::string choosing() const;
};

/// Rules of lists for whomever: which items, how many of one kind, which score at least. `options` outlives them.
void describe_list_rules(boost::program_options::options_description& description, ItemRuleOptions& options);
/// Rules of lists for users: pairs, boosts.
void describe_user_rules(boost::program_options::options_description& description, ItemRuleOptions& options);

/// Throws Error(usage) for a condition, a quota or a boost that cannot be read.
void require_sense(const ItemRuleOptions& options);

/// What they say of a model's items, the same on every rank; vectors are by the model's rows.
struct ItemRules {
  std::vector<bool> offered = {};  ///< empty: all
  std::optional<ListQuota> quota = {};
  std::vector<float> boosts = {};  ///< empty: none
  ExcludedPairs pairs = {};
};

/// Reads the files and the dataset's table of items, and says what is left out. Conditions, quotas, boosts and pairs
/// need a dataset. Collective over context.comm; throws AgreedError (no_input, bad_data: what cannot be read, or leaves
/// no item).
[[nodiscard]] ItemRules read_item_rules(const ItemRuleOptions& options, JobContext& context, const ItemSpace& space);

}  // namespace rankwise
