#pragma once
// What became of the pairs that a model lists: every user that it knows, with purchases afterwards or without.

#include <cstdint>
#include <limits>
#include <span>
#include <string>

#include "distributed/comm/communicator.hpp"
#include "distributed/evaluation/heldout_rows.hpp"
#include "distributed/probability/probability_map.hpp"
#include "distributed/probability/score_outcomes.hpp"
#include "jobs/evaluate/models/any_model.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// A part that follows the training: its entries, their times, and until when a purchase counts.
struct FollowingPart {
  const HeldoutRows& rows;
  std::span<const std::int64_t> times = {};  ///< of each entry of rows.heldout; none if all count
  std::int64_t until_seconds = std::numeric_limits<std::int64_t>::max();
};

struct ListedPairs {
  ScoreOutcomes outcomes;  ///< over all ranks
  Index users = 0;         ///< with a list
};

/// Counts the best `top` items of each user that training knows, without what rows.seen has of the user, as `recommend`
/// would list and score them: by the item's band in `bands`, by the score, and by whether the part has the pair. Counts
/// do not depend on ranks and threads. Throws AgreedError(bad_data), which names the model, for a score that is not
/// finite. Collective over comm.
[[nodiscard]] ListedPairs count_listed_pairs(const Communicator& comm, const AnyMatchedModel& model,
                                             const std::string& model_path, const FollowingPart& part,
                                             const ProbabilityMap& bands, Index top);

}  // namespace rankwise
