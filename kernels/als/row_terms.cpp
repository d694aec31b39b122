#include "kernels/als/row_terms.hpp"

#include <cmath>

#include "kernels/base/error.hpp"

namespace rankwise::kernels {

namespace {

std::size_t at(Index row, Index column, Index width) {
  return static_cast<std::size_t>(row * width + column);
}

/// Replaces the lower triangle of a symmetric matrix by its Cholesky factor.
void factorize(std::vector<double>& a, Index width) {
  for (Index c = 0; c < width; ++c) {
    for (Index r = c; r < width; ++r) {
      double sum = a[at(r, c, width)];
      for (Index k = 0; k < c; ++k) sum -= a[at(r, k, width)] * a[at(c, k, width)];
      if (r > c) {
        a[at(r, c, width)] = sum / a[at(c, c, width)];
      } else if (sum > 0 && std::isfinite(sum)) {
        a[at(c, c, width)] = std::sqrt(sum);
      } else {
        throw Error(ExitCode::bad_data, "the normal equations are not positive definite");
      }
    }
  }
}

/// x with L L' x = b, in place of b.
void solve(const std::vector<double>& lower, Index width, std::vector<double>& b) {
  for (Index r = 0; r < width; ++r) {
    double sum = b[static_cast<std::size_t>(r)];
    for (Index k = 0; k < r; ++k) sum -= lower[at(r, k, width)] * b[static_cast<std::size_t>(k)];
    b[static_cast<std::size_t>(r)] = sum / lower[at(r, r, width)];
  }
  for (Index r = width - 1; r >= 0; --r) {
    double sum = b[static_cast<std::size_t>(r)];
    for (Index k = r + 1; k < width; ++k) sum -= lower[at(k, r, width)] * b[static_cast<std::size_t>(k)];
    b[static_cast<std::size_t>(r)] = sum / lower[at(r, r, width)];
  }
}

}  // namespace

RowTerms::RowTerms(const Objective& objective, ConstMatrixView items, std::span<const float> values,
                   ConstMatrixView gramian, Index opposite_rows)
    : width_(items.columns),
      biases_(objective.biases),
      regularization_(static_cast<double>(objective.row_regularization(items.rows, opposite_rows))),
      lower_(static_cast<std::size_t>(width_ * width_)),
      entries_(items.rows) {
  for (Index r = 0; r < width_ && gramian.rows > 0; ++r) {
    for (Index c = 0; c <= r; ++c) lower_[at(r, c, width_)] = static_cast<double>(gramian.row(r)[c]);
  }
  for (Index r = 0; r < width_; ++r) {
    lower_[at(r, r, width_)] += regularization_;
  }
  for (Index e = 0; e < entries_; ++e) {
    const auto value = static_cast<double>(values[static_cast<std::size_t>(e)]);
    const double weight = objective.unit_weights() ? 1.0 : value - static_cast<double>(objective.weight_shift());
    const double target = biases_ ? value - static_cast<double>(items.row(e)[width_ - 1]) : value;
    const std::vector<double> entry = features(items.row_span(e));
    for (Index r = 0; r < width_; ++r) {
      for (Index c = 0; c <= r; ++c) {
        lower_[at(r, c, width_)] += weight * entry[static_cast<std::size_t>(r)] * entry[static_cast<std::size_t>(c)];
      }
    }
    for (const double feature : entry) features_.push_back(target * feature);
  }
  factorize(lower_, width_);
}

std::vector<double> RowTerms::features(std::span<const float> item) const {
  std::vector<double> values(item.begin(), item.end());
  if (biases_) values.back() = 1.0;
  return values;
}

std::vector<double> RowTerms::of(std::span<const float> item, ConstMatrixView priors) const {
  std::vector<double> solution = features(item);
  solve(lower_, width_, solution);
  std::vector<double> terms(static_cast<std::size_t>(entries_));
  for (Index e = 0; e < entries_; ++e) {
    double term = 0;
    for (Index c = 0; c < width_; ++c) {
      term += features_[at(e, c, width_)] * solution[static_cast<std::size_t>(c)];
    }
    terms[static_cast<std::size_t>(e)] = term;
  }
  for (Index p = 0; p < priors.rows; ++p) {
    double product = 0;
    for (Index c = 0; c < width_; ++c) {
      product += static_cast<double>(priors.row(p)[c]) * solution[static_cast<std::size_t>(c)];
    }
    terms.push_back(regularization_ * product);
  }
  return terms;
}

}  // namespace rankwise::kernels
