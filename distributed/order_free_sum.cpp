#include "distributed/order_free_sum.hpp"

#include <cmath>
#include <limits>

#include "kernels/fixed_point_sum.hpp"

namespace rankwise {

double order_free_sum(const Communicator& comm, std::span<const double> terms) {
  double largest = 0;
  for (const double term : terms) largest = std::isfinite(term) ? std::max(largest, std::fabs(term)) : INFINITY;
  largest = comm.max(largest);
  const Index count = comm.sum(static_cast<Index>(terms.size()));
  if (!std::isfinite(largest)) return std::numeric_limits<double>::quiet_NaN();
  const FixedPointScale scale = FixedPointScale::for_terms(largest, count);
  std::int64_t sum = 0;
  for (const double term : terms) sum += scale.to_fixed(term);
  return scale.from_fixed(comm.sum(sum));
}

}  // namespace rankwise
