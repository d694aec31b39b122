#pragma once
// What is said of lists once they are written.

#include "jobs/recommend/lists.hpp"
#include "jobs/recommend/recommend_options.hpp"
#include "jobs/run/job.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// What lists are made from: a model of factors, of this dataset or of another one, an item model, or several models.
enum class ModelKind { factors, factors_elsewhere, items, blend };

/// Lines, warnings and events: how many lists, which are short or empty and why. `new_users`: that were folded in, all
/// of them if the model is of another dataset.
void tell_served(JobContext& context, const RecommendOptions& options, const Served& served, Index new_users,
                 ModelKind kind);

}  // namespace rankwise
