#pragma once
// Many estimates of like things, each drawn toward their mean by how little it is known itself.

#include <span>
#include <vector>

namespace rankwise {

struct Estimate {
  double value = 0;
  double standard_error = 0;
};

struct ShrunkEstimates {
  double mean = 0;              ///< of all, weighted by 1 / (se^2 + variance_between); NaN of no estimate
  double variance_between = 0;  ///< tau^2 of DerSimonian and Laird, at least 0
  std::vector<double> values;   ///< in the order given: mean + tau^2 / (tau^2 + se^2) (value - mean)
};

/// Random effects of DerSimonian and Laird (Controlled Clinical Trials 1986) and the empirical Bayes estimate of each
/// (Morris, JASA 1983). An estimate whose value or error is not finite, or whose error is not above 0, is no
/// observation: its shrunk value is the mean. One estimate alone is its own mean, hence as it was.
[[nodiscard]] ShrunkEstimates shrink_toward_mean(std::span<const Estimate> estimates);

}  // namespace rankwise
