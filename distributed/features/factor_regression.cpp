#include "distributed/features/factor_regression.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "distributed/comm/order_free_sum.hpp"
#include "distributed/threads/team_size.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/fixed_point_sum.hpp"
#include "kernels/regression/weighted_rows.hpp"

namespace rankwise {

namespace {

double largest_of(std::span<const float> values) {
  double largest = 0;
  for (const float value : values) {
    const double size = std::fabs(static_cast<double>(value));
    largest = std::isfinite(size) ? std::max(largest, size) : INFINITY;
  }
  return largest;
}

[[noreturn]] void refuse_overflow() {
  throw AgreedError(ExitCode::bad_data,
                    "the map from features to factors is beyond the range of floating point; "
                    "expected smaller values, or a larger --feature-penalty");
}

}  // namespace

FactorRegression::FactorRegression(const Communicator& comm, FeatureRows rows, std::vector<float> weights,
                                   double penalty_rows)
    : rows_(std::move(rows)), weights_(std::move(weights)) {
  std::vector<double> terms;
  for (const float weight : weights_) {
    if (weight > 0) terms.push_back(static_cast<double>(weight));
  }
  const Index voters = comm.sum(std::ssize(terms));
  const double total = order_free_sum(comm, terms);
  if (voters == 0 || !std::isfinite(total)) {
    throw AgreedError(ExitCode::bad_data,
                      "features: no row has an interaction and a finite regularizer above 0; "
                      "expected at least one");
  }
  penalty_weight_ = penalty_rows * total / static_cast<double>(voters);
  sum_matrix(comm);
  factorize();
}

void FactorRegression::sum_matrix(const Communicator& comm) {
  const Index width = rows_.width;
  const double largest = comm.max(largest_of(weights_) * std::pow(largest_of(rows_.values), 2));
  if (!std::isfinite(largest)) refuse_overflow();
  const FixedPointScale scale = FixedPointScale::for_terms(largest, comm.sum(rows_.rows()));
  std::vector<std::int64_t> sums(at(width * (width + 1) / 2));
  for (Index r = 0; r < rows_.rows(); ++r) {
    const auto weight = static_cast<double>(weights_[at(r)]);
    if (!(weight > 0)) continue;
    for (Index i = rows_.offsets[at(r)]; i < rows_.offsets[at(r) + 1]; ++i) {
      const Index row = rows_.features[at(i)];
      std::int64_t* lower = sums.data() + row * (row + 1) / 2;
      for (Index j = rows_.offsets[at(r)]; j <= i; ++j) {
        const double product = static_cast<double>(rows_.values[at(i)]) * static_cast<double>(rows_.values[at(j)]);
        lower[rows_.features[at(j)]] += scale.to_fixed(product * weight);
      }
    }
  }
  comm.all_reduce_sum(std::span<std::int64_t>(sums));
  lower_.resize(sums.size());
  std::ranges::transform(sums, lower_.begin(), [&](std::int64_t sum) { return scale.from_fixed(sum); });
  for (Index row = 0; row < width; ++row) lower_row(row)[row] += penalty_weight_;
}

void FactorRegression::factorize() {
  const Index width = rows_.width;
  bool is_sound = true;
  for (Index column = 0; column < width && is_sound; ++column) {
    double* const pivot_row = lower_row(column);
    const double square = pivot_row[column] - kernels::row_product(pivot_row, pivot_row, column);
    is_sound = square > 0 && std::isfinite(square);
    const double pivot = std::sqrt(square);
    pivot_row[column] = pivot;
    const Index below = width - column - 1;
#pragma omp parallel for schedule(static) \
    num_threads(team_size(static_cast <double>(below) * static_cast <double>(column)))
    for (Index row = column + 1; row < width; ++row) {
      double* const each = lower_row(row);
      each[column] = (each[column] - kernels::row_product(each, pivot_row, column)) / pivot;
    }
  }
  // The same on every rank, as the matrix is.
  if (!is_sound) {
    throw AgreedError(ExitCode::bad_data,
                      "the normal equations of the features are not positive definite; expected a "
                      "larger --feature-penalty");
  }
}

Matrix FactorRegression::solve(const Communicator& comm, ConstMatrixView factors) const {
  // 1. sum lambda_u f_u x_u^T.
  const Index columns = factors.columns;
  double largest = 0;
  for (Index r = 0; r < factors.rows; ++r) largest = std::max(largest, largest_of(factors.row_span(r)));
  largest = comm.max(largest) * comm.max(largest_of(weights_) * largest_of(rows_.values));
  if (!std::isfinite(largest)) refuse_overflow();
  const FixedPointScale scale = FixedPointScale::for_terms(largest, comm.sum(rows_.rows()));
  std::vector<std::int64_t> sums(at(rows_.width * columns));
  const auto operations = static_cast<double>(rows_.features.size()) * static_cast<double>(columns) * 4;
#pragma omp parallel num_threads(team_size(operations))
  {
    std::vector<std::int64_t> mine(sums.size());
#pragma omp for schedule(static)
    for (Index r = 0; r < rows_.rows(); ++r) {
      const auto weight = static_cast<double>(weights_[at(r)]);
      if (!(weight > 0)) continue;
      const float* x = factors.row(r);
      for (Index f = rows_.offsets[at(r)]; f < rows_.offsets[at(r) + 1]; ++f) {
        const double scaled = weight * static_cast<double>(rows_.values[at(f)]);
        std::int64_t* sum = mine.data() + rows_.features[at(f)] * columns;
        for (Index c = 0; c < columns; ++c) sum[c] += scale.to_fixed(scaled * static_cast<double>(x[c]));
      }
    }
#pragma omp critical(rankwise_factor_regression)
    for (std::size_t cell = 0; cell < sums.size(); ++cell) sums[cell] += mine[cell];
  }
  comm.all_reduce_sum(std::span<std::int64_t>(sums));
  // 2. The solution, the same on every rank.
  std::vector<double> right(sums.size());
  std::ranges::transform(sums, right.begin(), [&](std::int64_t sum) { return scale.from_fixed(sum); });
  substitute(right, columns);
  Matrix solution(rows_.width, columns);
  bool is_finite = true;
  for (Index row = 0; row < rows_.width; ++row) {
    for (Index c = 0; c < columns; ++c) {
      const auto value = static_cast<float>(right[at(row * columns + c)]);
      is_finite = is_finite && std::isfinite(value);
      solution.row(row)[c] = value;
    }
  }
  if (!is_finite) refuse_overflow();
  return solution;
}

void FactorRegression::substitute(std::vector<double>& right, Index columns) const {
  constexpr Index block = 16;
  const Index width = rows_.width;
  const auto operations = static_cast<double>(width) * static_cast<double>(width) * static_cast<double>(columns);
#pragma omp parallel for schedule(static) num_threads(team_size(operations))
  for (Index first = 0; first < columns; first += block) {
    const Index count = std::min(block, columns - first);
    const auto cells = [&](Index row) { return right.data() + row * columns + first; };
    // L z = b, rows ascending; then L^T x = z, rows descending.
    for (Index row = 0; row < width; ++row) {
      const double* lower = lower_row(row);
      double* own = cells(row);
      for (Index k = 0; k < row; ++k) {
        const double* other = cells(k);
        for (Index c = 0; c < count; ++c) own[c] -= lower[k] * other[c];
      }
      for (Index c = 0; c < count; ++c) own[c] /= lower[row];
    }
    for (Index row = width - 1; row >= 0; --row) {
      const double* lower = lower_row(row);
      const double* own = cells(row);
      for (Index c = 0; c < count; ++c) cells(row)[c] /= lower[row];
      for (Index k = 0; k < row; ++k) {
        double* other = cells(k);
        for (Index c = 0; c < count; ++c) other[c] -= lower[k] * own[c];
      }
    }
  }
}

std::vector<std::uint8_t> FactorRegression::described_rows() const {
  std::vector<std::uint8_t> is_described = rows_.is_described;
  for (std::size_t row = 0; row < is_described.size(); ++row) {
    if (weights_[row] > 0) is_described[row] = 0;
  }
  return is_described;
}

double FactorRegression::penalty(ConstMatrixView weights) const {
  double sum = 0;
  for (Index row = 0; row < weights.rows; ++row) {
    for (const float value : weights.row_span(row)) sum += static_cast<double>(value) * static_cast<double>(value);
  }
  return penalty_weight_ * sum;
}

}  // namespace rankwise
