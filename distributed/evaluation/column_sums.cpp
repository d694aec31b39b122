#include "distributed/evaluation/column_sums.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "distributed/threads/team_size.hpp"
#include "kernels/base/fixed_point_sum.hpp"

namespace rankwise {

namespace {

/// Infinite if a term is not finite.
double largest_of(std::span<const double> terms) {
  double largest = 0;
  for (const double term : terms) largest = std::isfinite(term) ? std::max(largest, std::fabs(term)) : INFINITY;
  return largest;
}

}  // namespace

std::vector<ColumnSum> order_free_sums(const Communicator& comm, std::span<const std::span<const double>> columns) {
  const std::size_t count = columns.size();
  std::vector<double> largest(count);
  std::vector<Index> terms(count);
  double all_terms = 0;
  for (std::size_t c = 0; c < count; ++c) {
    terms[c] = std::ssize(columns[c]);
    all_terms += static_cast<double>(terms[c]);
  }
  const int threads = team_size(2 * all_terms);
#pragma omp parallel for schedule(dynamic) num_threads(threads)
  for (std::size_t c = 0; c < count; ++c) largest[c] = largest_of(columns[c]);
  comm.all_reduce_max(std::span<double>(largest));
  comm.all_reduce_sum(std::span<Index>(terms));

  std::vector<std::int64_t> sums(count);
#pragma omp parallel for schedule(dynamic) num_threads(threads)
  for (std::size_t c = 0; c < count; ++c) {
    if (!std::isfinite(largest[c])) continue;
    const FixedPointScale scale = FixedPointScale::for_terms(largest[c], terms[c]);
    for (const double term : columns[c]) sums[c] += scale.to_fixed(term);
  }
  comm.all_reduce_sum(std::span<std::int64_t>(sums));

  std::vector<ColumnSum> found;
  for (std::size_t c = 0; c < count; ++c) {
    const bool is_finite = std::isfinite(largest[c]);
    found.push_back({is_finite ? FixedPointScale::for_terms(largest[c], terms[c]).from_fixed(sums[c])
                               : std::numeric_limits<double>::quiet_NaN(),
                     terms[c]});
  }
  return found;
}

}  // namespace rankwise
