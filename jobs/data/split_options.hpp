#pragma once
// How `rankwise prepare` can be told to divide a log: --split, --validation and --folds.

#include <string>
#include <string_view>
#include <vector>

#include "distributed/log/interaction_log.hpp"
#include "distributed/splits/fold_rule.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

enum class SplitKind { none, random, leave_last, temporal, users, items, column };

struct Split {
  SplitKind kind = SplitKind::none;
  double fraction = 0;                  ///< random, temporal, users, items: above 0 and below 1
  Index count = 0;                      ///< leave_last: at least 1
  SplitMark mark = SplitMark::heldout;  ///< column: which rows
};

/// `none`, `random:0.1`, `leave-last:1`, `temporal:0.2`, `users:0.1`, `items:0.1` or `column`; throws Error(usage) that
/// names the option.
[[nodiscard]] Split parse_split(std::string_view option, std::string_view text);

/// What --folds says.
struct FoldsOption {
  std::string text;               ///< empty: not given
  FoldRule rule;                  ///< without the cuts of times
  std::vector<std::string> cuts;  ///< of times, as they were said: in the forms that the log's times may have
};

/// `column`, `interactions:K`, `users:K`, `times:TIME,...` or `bands:BOUND,...`; throws Error(usage).
[[nodiscard]] FoldsOption parse_folds(std::string_view text);

/// Puts the cuts into the rule, which are given in microseconds since 1970. Throws Error(usage) unless they ascend and
/// are whole seconds.
void set_cuts(FoldsOption& folds, const std::vector<std::int64_t>& cuts_microseconds);

}  // namespace rankwise
