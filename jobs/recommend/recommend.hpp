#pragma once
// `rankwise recommend`: the best items for each user.

#include <string>

#include "distributed/ranking/catalogue.hpp"
#include "jobs/options/model_choice.hpp"
#include "jobs/recommend/list_format.hpp"
#include "jobs/recommend/rules/item_rules.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// What happens to ids of --users that the dataset does not have.
enum class UnknownUsers { skip, popular, error };

struct RecommendOptions {
  std::string data;
  ModelChoice model;
  std::string users;
  std::string output;
  std::string probability;  ///< file of calibrate; empty: none
  Index top = 0;
  SeenItems seen = SeenItems::exclude;
  ItemRuleOptions rules;
  ListFormatOptions format;
  Index explain = 0;  ///< reasons of an item at most
  UnknownUsers unknown_users = UnknownUsers::skip;
  int deflate_level = 0;
};

/// Writes the `top` best items that the rule for seen items allows each user, in the format of the output's name.
/// Collective over context.comm; throws AgreedError.
void recommend_items(const RecommendOptions& options, JobContext& context);

[[nodiscard]] Job recommend_job();

}  // namespace rankwise
