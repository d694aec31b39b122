#pragma once
// Where held-out items come among all items that their user might have had.

#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/evaluation/factor_evaluation.hpp"
#include "distributed/evaluation/heldout_rows.hpp"
#include "distributed/ranking/catalogue.hpp"

namespace rankwise {

/// Of each of this rank's held-out entries, in their order.
struct ItemPlaces {
  std::vector<double> scores;
  /// 100 times the share of the user's other candidates that score above the item, equal scores half: 0 is the first
  /// place. Other candidates are the items with a training entry that the user has neither in training nor held out.
  /// NaN if nothing is known of the user or the item, or if there is no other candidate.
  std::vector<double> percentiles;
};

/// By <user, item>; two passes over all items for some users at a time. Throws AgreedError(bad_data) if a score is not
/// finite. The same bits for any partition. By all threads. Collective over comm.
[[nodiscard]] ItemPlaces place_items(const Communicator& comm, const EvaluatedFactors& factors,
                                     const Catalogue& catalogue, const HeldoutRows& rows);

}  // namespace rankwise
