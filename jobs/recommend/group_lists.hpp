#pragma once
// Whole segments as customers: one list for each, by what its users like together.

#include <functional>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/rows/partition.hpp"
#include "distributed/rows/sparse_rows.hpp"
#include "jobs/recommend/lists.hpp"
#include "jobs/recommend/whom/audience.hpp"
#include "jobs/recommend/whom/segment_popularity.hpp"
#include "jobs/recommend/whom/user_histories.hpp"
#include "jobs/recommend/whom/whom_options.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// What all ways of making them look at; what it refers to outlives it. Members of a segment are the users who are
/// served, belong to it and are known to the model.
struct GroupChoice {
  const ListInputs& inputs;
  const UserHistories& users;
  Audience& audience;
  const Catalogue& known;  ///< of the model, with what lists cannot have
  const InModelItems& in_model_items;
  Index users_at_a_time;  ///< of a rank
  Index least_members;    ///< a segment with fewer has no list, which would say what these few like
  SegmentSeen seen;       ///< items that a member has
};

struct GroupLists {
  Lists lists;         ///< of this rank's segments, in their order; ids are their numbers
  Index segments = 0;  ///< with a list, over all ranks
  Index small = 0;     ///< without one: too few members
  Index members = 0;   ///< of the segments with a list
};

/// By the mean of the members' scores: a segment's vector is the mean of theirs, its history the mean of what their
/// entries weigh. Means are of sums in fixed point, the same for any ranks. Collective over comm; throws
/// AgreedError(bad_data) for a score that is not finite.
[[nodiscard]] GroupLists mean_lists(const Communicator& comm, const GroupChoice& choice, const FactorLists& model);
[[nodiscard]] GroupLists mean_lists(const Communicator& comm, const GroupChoice& choice, const ItemLists& model);

/// By votes: how many members have an item in their own list, which `make` makes; ties to the lower item. Lists of
/// popular items do not vote. Collective over comm.
[[nodiscard]] GroupLists voted_lists(const Communicator& comm, const GroupChoice& choice,
                                     const std::function<Lists(Index first, const Partition& rows)>& make);

}  // namespace rankwise
