#include "jobs/evaluate/gate.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "distributed/comm/communicator.hpp"
#include "kernels/statistics/student.hpp"

namespace rankwise {

GateVerdict pass_gate(const GateSettings& settings, const std::string& against, const MetricFigures& figures) {
  const auto older = std::ranges::find(figures.baselines, against, &BaselineFigures::name);
  if (older == figures.baselines.end()) throw Error(ExitCode::internal, against + " was not measured");
  const PairedDifference& difference = older->difference;
  if (difference.users < 2) {
    throw AgreedError(ExitCode::bad_data, fmt::format("--against {}: {} user has a {}; expected at least two", against,
                                                      difference.users, figures.metric.name));
  }
  GateVerdict verdict{against, figures.metric.name, settings.margin.value_or(0), settings.confidence.value_or(0.95)};
  verdict.difference = figures.metric.higher_is_better() ? difference.mean : -difference.mean;
  const double t = student_quantile(verdict.confidence, static_cast<double>(difference.users) - 1);
  verdict.lower_bound = verdict.difference - t * difference.standard_error;
  verdict.passed = verdict.lower_bound >= -verdict.margin;
  return verdict;
}

std::string verdict_text(const GateVerdict& verdict) {
  const auto words = [](double difference) {
    return fmt::format("{:.6f} {}", std::fabs(difference), difference < 0 ? "worse" : "better");
  };
  return fmt::format(
      "gate {}: {} is {} than that of {}, at the lower bound {} ({:g}% confidence, one-sided); {:.6f} "
      "worse is allowed",
      verdict.passed ? "passed" : "failed", verdict.metric, words(verdict.difference), verdict.against,
      words(verdict.lower_bound), 100 * verdict.confidence, verdict.margin);
}

}  // namespace rankwise
