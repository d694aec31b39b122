#include "distributed/comm/order_free_sum.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/base/fixed_point_sum.hpp"

namespace rankwise {

namespace {

template <class Terms>
double sum_of(const Communicator& comm, std::span<const Terms> pieces) {
  double largest = 0;
  Index count = 0;
  for (const Terms& terms : pieces) {
    count += static_cast<Index>(terms.size());
    for (const auto term : terms) {
      const auto size = std::fabs(static_cast<double>(term));
      largest = std::isfinite(size) ? std::max(largest, size) : INFINITY;
    }
  }
  largest = comm.max(largest);
  count = comm.sum(count);
  if (!std::isfinite(largest)) return std::numeric_limits<double>::quiet_NaN();
  const FixedPointScale scale = FixedPointScale::for_terms(largest, count);
  std::int64_t sum = 0;
  for (const Terms& terms : pieces) {
    for (const auto term : terms) sum += scale.to_fixed(static_cast<double>(term));
  }
  return scale.from_fixed(comm.sum(sum));
}

}  // namespace

double order_free_sum(const Communicator& comm, std::span<const double> terms) {
  return sum_of<std::span<const double>>(comm, {&terms, 1});
}

double order_free_sum(const Communicator& comm, std::span<const std::span<const float>> pieces) {
  return sum_of<std::span<const float>>(comm, pieces);
}

}  // namespace rankwise
