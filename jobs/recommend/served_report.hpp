#pragma once
// What is said of lists once they are written.

#include "jobs/recommend/lists.hpp"
#include "jobs/recommend/recommend_options.hpp"
#include "jobs/run/job.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// What lists are made from: a model of factors, of this dataset or of another one, an item model, or several models.
enum class ModelKind { factors, factors_elsewhere, items, blend };

/// Of the dataset's users, and of those of --log.
struct ServedCounts {
  Index new_users = 0;     ///< folded in, all of them if the model is of another dataset
  Index left_out = 0;      ///< in the list of users, but not of a segment or a condition
  Index log_left_out = 0;  ///< likewise of those whom --log has, in the list or without one
};

/// Lines, warnings and events: how many lists, which are short or empty and why.
void tell_served(JobContext& context, const RecommendOptions& options, const Served& served, const ServedCounts& counts,
                 ModelKind kind);

}  // namespace rankwise
