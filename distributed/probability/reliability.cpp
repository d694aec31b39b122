#include "distributed/probability/reliability.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace rankwise {

namespace {

constexpr Index most_groups = 10;

/// Outcomes by prediction, ascending.
std::map<double, Outcomes> by_prediction(const ScoreOutcomes& outcomes, const PredictionOfBin& prediction) {
  std::map<double, Outcomes> found;
  for (std::size_t band = 0; band < outcomes.bands(); ++band) {
    const std::span<const Outcomes> bins = outcomes.band(band);
    for (std::size_t bin = 0; bin < bins.size(); ++bin) {
      if (bins[bin].events > 0) found[std::clamp(prediction(band, bin), 0.0, 1.0)] += bins[bin];
    }
  }
  return found;
}

}  // namespace

Reliability measure_reliability(const ScoreOutcomes& outcomes, const PredictionOfBin& prediction) {
  const Outcomes total = outcomes.total();
  Reliability found;
  found.pairs = total.events;
  found.successes = total.successes;
  if (found.pairs == 0) return found;
  const auto pairs = static_cast<double>(found.pairs);
  found.share = total.rate();
  found.constant_brier = found.share * (1 - found.share);

  // A prediction belongs to the group in which its pairs begin.
  Index before = 0;
  Index group_number = -1;
  double predicted = 0;  // sums of the group
  Outcomes group;
  const auto close = [&] {
    if (group.events == 0) return;
    const double mean = predicted / static_cast<double>(group.events);
    found.groups.push_back({group.events, mean, group.rate()});
    found.calibration_error += static_cast<double>(group.events) / pairs * std::abs(mean - group.rate());
    predicted = 0;
    group = {};
  };
  for (const auto& [probability, counted] : by_prediction(outcomes, prediction)) {
    const Index number = before * most_groups / found.pairs;
    if (number != group_number) close();
    group_number = number;
    const auto events = static_cast<double>(counted.events);
    const auto successes = static_cast<double>(counted.successes);
    predicted += events * probability;
    found.mean_prediction += events * probability / pairs;
    found.brier +=
        (successes * (1 - probability) * (1 - probability) + (events - successes) * probability * probability) / pairs;
    group += counted;
    before += counted.events;
  }
  close();
  return found;
}

}  // namespace rankwise
