#pragma once
// Points of a sweep of `itemcf`: which of their options have an effect, and how large a model they make.

#include "jobs/itemcf/itemcf_settings.hpp"
#include "jobs/sweep/plan/space.hpp"

namespace rankwise {

/// The point as `itemcf` would take it, but for its files. Throws Error(usage) for values that do not fit.
[[nodiscard]] ItemcfOptions item_options(const SearchPoint& point);

/// Without the options that have no effect beside the others, such as a penalty of similarities. Likewise.
[[nodiscard]] SearchPoint effective_item_point(SearchPoint point);

}  // namespace rankwise
