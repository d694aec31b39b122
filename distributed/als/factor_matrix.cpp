#include "distributed/als/factor_matrix.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <vector>

#include "distributed/exchange/exchange_plan.hpp"
#include "distributed/exchange/node_map.hpp"
#include "distributed/threads/team_size.hpp"
#include "kernels/base/fixed_point_sum.hpp"
#include "kernels/dense/gramian.hpp"
#include "kernels/dense/symmetric_system.hpp"

namespace rankwise {

FactorMatrix random_factors(const Communicator& comm, const Partition& partition, Index width, Index zero_columns,
                            RandomStream stream) {
  const RowRange rows = partition.range(comm.rank());
  FactorMatrix factors{partition, Matrix(rows.size(), width)};
  const Index drawn = width - zero_columns;
  const double half_width = std::sqrt(3.0) * 0.1 / std::sqrt(static_cast<double>(drawn));
  for (Index r = 0; r < rows.size(); ++r) {
    for (Index c = 0; c < drawn; ++c) {
      const double uniform = stream.uniform(rows.begin + r, static_cast<std::uint32_t>(c));
      factors.local.row(r)[c] = static_cast<float>((2 * uniform - 1) * half_width);
    }
  }
  return factors;
}

Matrix fetch_rows(const Communicator& comm, const FactorMatrix& factors, std::span<const Index> rows) {
  std::vector<Index> needed;
  std::ranges::copy_if(rows, std::back_inserter(needed), [](Index row) { return row >= 0; });
  std::ranges::sort(needed);
  needed.erase(std::unique(needed.begin(), needed.end()), needed.end());
  const ExchangePlan plan(comm, NodeMap::alone(comm.size()), factors.partition, needed);
  Matrix gathered(plan.needed_rows(), factors.local.columns());
  plan.start(comm, factors.local.view(), gathered.view()).wait();
  Matrix fetched(static_cast<Index>(rows.size()), factors.local.columns());
  for (Index r = 0; r < fetched.rows(); ++r) {
    const Index row = rows[static_cast<std::size_t>(r)];
    if (row < 0) continue;
    const Index place = std::ranges::lower_bound(needed, row) - needed.begin();
    std::copy_n(gathered.row(place), gathered.stride(), fetched.row(r));
  }
  return fetched;
}

Matrix scaled_gramian(const Communicator& comm, const FactorMatrix& factors, double alpha) {
  const ConstMatrixView local = factors.local.view();
  const Index width = local.columns;
  const Index padded = padded_columns(width);
  // A bound that needs no second pass: |sum y_a y_b| <= rows * max |y|^2. 62 bits leave far more than float's 24 below
  // it.
  double largest = 0;
  for (Index r = 0; r < local.rows; ++r) {
    for (const float value : local.row_span(r)) largest = std::max(largest, std::fabs(static_cast<double>(value)));
  }
  largest = comm.max(largest);
  const FixedPointScale scale = FixedPointScale::for_terms(largest * largest, factors.partition.rows());
  const auto cells = static_cast<std::size_t>(padded * padded);
  std::vector<std::int64_t> sums(cells);
  const Index chunks = chunk_count(local.rows);
  const int threads = team_size(static_cast<double>(local.rows * width) * static_cast<double>(width));
#pragma omp parallel num_threads(threads)
  {
    Matrix product(padded, kernels::spread_columns(padded));
    std::vector<std::int64_t> thread_sums(cells);
#pragma omp for schedule(dynamic)
    for (Index chunk = 0; chunk < chunks; ++chunk) {
      const Index first = chunk * chunk_rows;
      kernels::chunk_gramian(local.middle_rows(first, std::min(chunk_rows, local.rows - first)), product.view());
      for (Index r = 0; r < width; ++r) {
        for (Index c = r; c < width; ++c) {
          thread_sums[static_cast<std::size_t>(r * padded + c)] +=
              scale.to_fixed(static_cast<double>(product.row(r)[c]));
        }
      }
    }
#pragma omp critical(rankwise_gramian)
    for (std::size_t cell = 0; cell < cells; ++cell) sums[cell] += thread_sums[cell];
  }
  comm.all_reduce_sum(std::span<std::int64_t>(sums));
  Matrix gramian(padded, padded);
  for (Index r = 0; r < width; ++r) {
    for (Index c = r; c < width; ++c) {
      const double sum = scale.from_fixed(sums[static_cast<std::size_t>(r * padded + c)]);
      gramian.row(r)[c] = gramian.row(c)[r] = static_cast<float>(alpha * sum);
    }
  }
  return gramian;
}

double symmetric_inner_product(ConstMatrixView a, ConstMatrixView b, Index width) {
  double sum = 0;
  for (Index r = 0; r < width; ++r) {
    sum += static_cast<double>(a.row(r)[r]) * static_cast<double>(b.row(r)[r]);
    for (Index c = r + 1; c < width; ++c)
      sum += 2 * static_cast<double>(a.row(r)[c]) * static_cast<double>(b.row(r)[c]);
  }
  return sum;
}

}  // namespace rankwise
