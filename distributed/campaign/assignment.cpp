#include "distributed/campaign/assignment.hpp"

#include <array>

namespace rankwise {

std::string_view goal_word(CampaignGoal goal) {
  constexpr std::array<std::string_view, 4> words{"revenue", "margin", "orders", "buyers"};
  return words[static_cast<std::size_t>(goal)];
}

std::string_view group_word(CustomerGroup group) {
  constexpr std::array<std::string_view, customer_group_count> words{"treated", "control", "global_control"};
  return words[static_cast<std::size_t>(group)];
}

}  // namespace rankwise
