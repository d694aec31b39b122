#include "kernels/statistics/estimates.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <vector>

#include "kernels/statistics/student.hpp"

namespace rankwise {

double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double deviation_of(std::span<const double> values, double mean) {
  if (values.size() < 2) return std::nan("");
  double sum = 0;
  for (const double value : values) sum += (value - mean) * (value - mean);
  return std::sqrt(sum / static_cast<double>(values.size() - 1));
}

double half_interval(double standard_error, std::size_t count, double confidence_level) {
  if (count < 2) return std::nan("");
  return standard_error * student_quantile((1 + confidence_level) / 2, static_cast<double>(count) - 1);
}

namespace {

/// Between the two values nearest to (n - 1) share, counted from 0.
double quantile_of_sorted(std::span<const double> ascending, double share) {
  const double place = static_cast<double>(ascending.size() - 1) * share;
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, ascending.size() - 1);
  return ascending[below] + (ascending[above] - ascending[below]) * (place - static_cast<double>(below));
}

}  // namespace

Interval percentile_interval(std::span<const double> replicates, double confidence_level) {
  const bool is_without =
      replicates.empty() || std::any_of(replicates.begin(), replicates.end(), [](double r) { return std::isnan(r); });
  if (is_without) return {.low = std::nan(""), .high = std::nan("")};
  std::vector<double> ascending(replicates.begin(), replicates.end());
  std::sort(ascending.begin(), ascending.end());
  return {.low = quantile_of_sorted(ascending, (1 - confidence_level) / 2),
          .high = quantile_of_sorted(ascending, (1 + confidence_level) / 2)};
}

double variance_between(std::span<const double> values, std::span<const std::string> groups) {
  const double mean = mean_of(values);
  double total = 0;
  std::map<std::string, std::vector<double>> members;
  for (std::size_t place = 0; place < values.size(); ++place) {
    total += (values[place] - mean) * (values[place] - mean);
    members[groups[place]].push_back(values[place]);
  }
  double between = 0;
  for (const auto& [group, inside] : members) {
    const double distance = mean_of(inside) - mean;
    between += static_cast<double>(inside.size()) * distance * distance;
  }
  return total > 0 ? between / total : 0;
}

}  // namespace rankwise
