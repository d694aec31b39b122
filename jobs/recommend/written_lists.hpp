#pragma once
// Lists of all users on their way into a file or to standard output, some users at a time.

#include <vector>

#include "distributed/rows/ids.hpp"
#include "io/dataset/blend_attributes.hpp"
#include "io/dataset/dataset.hpp"
#include "jobs/lists/list_rounds.hpp"
#include "jobs/recommend/lists.hpp"
#include "jobs/recommend/recommend_options.hpp"
#include "jobs/recommend/served_columns.hpp"
#include "jobs/recommend/served_report.hpp"
#include "jobs/recommend/whom/audience.hpp"
#include "jobs/run/job.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Lists of all users, whatever model they are made from.
struct AllLists {
  const ListInputs& inputs;
  Index users;
  Index users_at_a_time;  ///< of a rank
  MakeLists make;
  Ids item_ids;
  ServedColumns columns;
  std::vector<BlendPart> models;                ///< what lists are made from
  BlendOrigin blend = {};                       ///< of several models
  std::vector<std::string> feature_names = {};  ///< of users, if reasons may name them
};

/// Writes all lists, then those of wanted ids that the dataset does not have, and says what they are; throws
/// AgreedError (bad_data, cannot_create, io_error). Collective over context.comm.
void write_all(const RecommendOptions& options, const AllLists& all, JobContext& context, const Audience& audience,
               const DatasetReader& dataset, Index new_users, ModelKind kind);

}  // namespace rankwise
