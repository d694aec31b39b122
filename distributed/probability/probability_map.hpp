#pragma once
// From a model's score of a pair to the probability that the user buys the item: a step function that never falls, for
// items of each popularity. Scores of popular items are comparable with each other, less so with those of rare ones.

#include <cstddef>
#include <string>
#include <vector>

#include "distributed/probability/score_outcomes.hpp"
#include "distributed/ranking/catalogue.hpp"
#include "kernels/base/types.hpp"
#include "kernels/statistics/isotonic.hpp"

namespace rankwise {

/// For scores from `from` up to the next step.
struct ProbabilityStep {
  float from = 0;  ///< the lowest step also has all scores below it
  Outcomes outcomes;
};

/// Items with at least so many training entries, and fewer than the band before.
struct PopularityBand {
  std::string name;
  Index least_entries = 0;
  std::vector<ProbabilityStep> steps;  ///< ascending, rates rising; none if no pair of the band was listed
};

struct ProbabilityMap {
  std::vector<PopularityBand> bands;  ///< the most popular first; the last one from 0 entries on

  [[nodiscard]] std::size_t band_of(Index entries) const;
  /// Of a score of an item with so many training entries; 0 in a band without steps.
  [[nodiscard]] double probability(Index entries, float score) const;
  [[nodiscard]] double probability_in(std::size_t band, float score) const;
};

/// Three bands without steps, "head", "mid" and "tail": the most popular items, which have a third of all training
/// entries together, those with the second third, the others. Items of equally many entries are in one band.
[[nodiscard]] ProbabilityMap popularity_bands(const Catalogue& catalogue);

/// Steps of at least `least_pairs` listed pairs (if the band has as many) by isotonic regression of what became of
/// them; `outcomes` has the bands of `map`.
[[nodiscard]] ProbabilityMap fit_probabilities(ProbabilityMap map, const ScoreOutcomes& outcomes, Index least_pairs);

}  // namespace rankwise
