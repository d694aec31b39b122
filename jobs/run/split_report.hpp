#pragma once
// What a split gives away, in lines for people: of the job that splits, and of the one that measures.

#include "distributed/log/split_figures.hpp"
#include "jobs/run/report.hpp"

namespace rankwise {

/// Users and items without training, and leakage, or that it is unknown without times; nothing if nothing was split
/// off.
void tell_split_figures(Report& report, const SplitFigures& figures, SplitPart part);

}  // namespace rankwise
