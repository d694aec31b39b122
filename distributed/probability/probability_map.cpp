#include "distributed/probability/probability_map.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>

namespace rankwise {

std::size_t ProbabilityMap::band_of(Index entries) const {
  const auto band = std::ranges::find_if(bands, [entries](const auto& each) { return entries >= each.least_entries; });
  return static_cast<std::size_t>(std::min(band, std::prev(bands.end())) - bands.begin());
}

double ProbabilityMap::probability(Index entries, float score) const {
  return probability_in(band_of(entries), score);
}

double ProbabilityMap::probability_in(std::size_t band, float score) const {
  const std::vector<ProbabilityStep>& steps = bands[band].steps;
  if (steps.empty()) return 0;
  const auto above = std::ranges::upper_bound(steps, score, {}, &ProbabilityStep::from);
  return (above == steps.begin() ? above : std::prev(above))->outcomes.rate();
}

ProbabilityMap popularity_bands(const Catalogue& catalogue) {
  const Index all = std::accumulate(catalogue.entries.begin(), catalogue.entries.end(), Index{0});
  Index least_of_head = 0;
  Index least_of_mid = 0;
  Index before = 0;
  for (const Index item : catalogue.by_popularity) {
    const Index entries = catalogue.entries[static_cast<std::size_t>(item)];
    if (3 * before < all) least_of_head = entries;
    if (3 * before < 2 * all) least_of_mid = entries;
    before += entries;
  }
  return {{{"head", least_of_head, {}}, {"mid", least_of_mid, {}}, {"tail", 0, {}}}};
}

ProbabilityMap fit_probabilities(ProbabilityMap map, const ScoreOutcomes& outcomes, Index least_pairs) {
  for (std::size_t band = 0; band < map.bands.size(); ++band) {
    std::vector<ProbabilityStep>& steps = map.bands[band].steps;
    steps.clear();
    const std::span<const Outcomes> bins = outcomes.band(band);
    std::size_t begin = 0;
    for (const IsotonicBlock& block : isotonic_blocks(bins, least_pairs)) {
      // The first bin that has a pair: bins below the lowest score begin with what is no number.
      const auto first = std::find_if(bins.begin() + static_cast<std::ptrdiff_t>(begin), bins.end(),
                                      [](const Outcomes& bin) { return bin.events > 0; });
      steps.push_back({lowest_score(static_cast<std::size_t>(first - bins.begin())), block.outcomes});
      begin = block.end;
    }
  }
  return map;
}

}  // namespace rankwise
