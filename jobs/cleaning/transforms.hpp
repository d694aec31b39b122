#pragma once
// --transform of prepare: what it can be told, when each rule is applied, and what is said of it.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "distributed/cleaning/rule_log.hpp"
#include "distributed/cleaning/value_transforms.hpp"
#include "distributed/log/interaction_log.hpp"
#include "jobs/cleaning/account.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// A rule as it was given.
struct GivenTransform {
  std::string word;
  ValueTransform rule;
};

/// `binarize:T`, `log1p`, `centre:user`, `centre:item`, `centre:global` or `clip:LOW,HIGH`; throws Error(usage).
[[nodiscard]] GivenTransform parse_transform(const std::string& text);

/// Throws Error(usage) if one that drops rows follows one that needs the split.
void require_sense(const std::vector<GivenTransform>& transforms);

/// Those in front of the first centring, which are applied to rows before they are counted and split; and the others,
/// which need to know what is trained on.
[[nodiscard]] std::span<const GivenTransform> transforms_before_split(const std::vector<GivenTransform>& transforms);
[[nodiscard]] std::span<const GivenTransform> transforms_after_split(const std::vector<GivenTransform>& transforms);

/// Applies them one after another. `log`: for the places of rows; its rejected rows are those of `rows`. Collective
/// over context.comm; throws AgreedError(bad_data) if a value has no logarithm.
void transform_log(JobContext& context, std::span<const GivenTransform> transforms, const InteractionLog& log,
                   RuleLog& rows, RowAccount& account);

}  // namespace rankwise
