#include "kernels/statistics/estimates.hpp"

#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <map>
#include <numeric>
#include <vector>

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
  const boost::math::students_t student(static_cast<double>(count) - 1);
  return standard_error * boost::math::quantile(student, (1 + confidence_level) / 2);
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
