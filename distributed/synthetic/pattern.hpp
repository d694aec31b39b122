#pragma once
// Which users have which items in a planted log, without the log: what a plan needs of a dataset that is not there yet.

#include <functional>
#include <vector>

#include "distributed/planning/layout_plan.hpp"
#include "distributed/synthetic/log.hpp"

namespace rankwise {

/// Users and items of a planted log as `prepare` would number them: items that nobody has are left out.
class SyntheticPattern {
 public:
  /// Draws all users' items by the team's threads: 4 bytes per interaction. The same for any number of threads.
  explicit SyntheticPattern(const SyntheticLog& log);

  [[nodiscard]] const std::vector<Index>& user_sizes() const { return user_sizes_; }
  [[nodiscard]] const std::vector<Index>& item_sizes() const { return item_sizes_; }
  /// Calls visit with all user rows, ascending, some thousand at a time.
  void for_each_block(const std::function<void(const PatternRows&)>& visit) const;

 private:
  void leave_out_absent_items();
  std::vector<Index> user_sizes_;
  std::vector<Index> item_sizes_;
  std::vector<std::vector<LocalIndex>> blocks_;  // columns of block_rows users each
};

}  // namespace rankwise
