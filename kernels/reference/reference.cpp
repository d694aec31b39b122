#include "kernels/reference/reference.hpp"

#include <cmath>
#include <limits>

namespace rankwise::reference {

namespace {

/// An entry's features, weight and target as the formulas have them.
struct Entry {
  std::vector<double> features;
  double weight;
  double target;
  double other_bias;
};

Entry entry_of(const kernels::RowSystem& system, CsrRow entries, std::size_t e) {
  const Objective& objective = system.objective;
  const auto other = system.other.row_span(entries.columns[e]);
  const auto value = static_cast<double>(entries.values[e]);
  Entry entry{{other.begin(), other.end()}, 1.0, value, 0.0};
  if (objective.loss == LossKind::implicit_feedback) {
    entry.weight = objective.weighting == Weighting::constant ? value : value - objective.unobserved_weight;
  } else if (objective.biases) {
    entry.other_bias = entry.features.back();
    entry.features.back() = 1.0;
    entry.target -= entry.other_bias;
  }
  return entry;
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace

DoubleMatrix gramian(ConstMatrixView rows) {
  DoubleMatrix sum(rows.columns, rows.columns);
  for (Index r = 0; r < rows.rows; ++r) {
    for (Index i = 0; i < rows.columns; ++i) {
      for (Index j = 0; j < rows.columns; ++j) {
        sum.at(i, j) += static_cast<double>(rows.row(r)[i]) * static_cast<double>(rows.row(r)[j]);
      }
    }
  }
  return sum;
}

NormalEquations normal_equations(const kernels::RowSystem& system, const DoubleMatrix& base, CsrRow entries) {
  const Index width = system.other.columns;
  NormalEquations equations{base, std::vector<double>(static_cast<std::size_t>(width))};
  const double lambda = static_cast<double>(system.objective.row_regularization(entries.size(), system.opposite_rows));
  for (Index i = 0; i < width; ++i) equations.system.at(i, i) += lambda;
  for (std::size_t e = 0; e < entries.columns.size(); ++e) {
    const Entry entry = entry_of(system, entries, e);
    for (Index i = 0; i < width; ++i) {
      const double left = entry.features[static_cast<std::size_t>(i)];
      for (Index j = 0; j < width; ++j) {
        equations.system.at(i, j) += entry.weight * left * entry.features[static_cast<std::size_t>(j)];
      }
      equations.rhs[static_cast<std::size_t>(i)] += entry.target * left;
    }
  }
  return equations;
}

std::vector<double> solve(const DoubleMatrix& a, const std::vector<double>& b) {
  const Index n = a.rows;
  DoubleMatrix u(n, n);
  for (Index r = 0; r < n; ++r) {
    for (Index c = r; c < n; ++c) {
      double sum = a.at(r, c);
      for (Index p = 0; p < r; ++p) sum -= u.at(p, r) * u.at(p, c);
      if (c == r) {
        if (!(sum > 0)) return {};
        u.at(r, r) = std::sqrt(sum);
      } else {
        u.at(r, c) = sum / u.at(r, r);
      }
    }
  }
  std::vector<double> x = b;
  const auto at = [](Index i) { return static_cast<std::size_t>(i); };
  for (Index r = 0; r < n; ++r) {
    for (Index p = 0; p < r; ++p) x[at(r)] -= u.at(p, r) * x[at(p)];
    x[at(r)] /= u.at(r, r);
  }
  for (Index r = n - 1; r >= 0; --r) {
    for (Index c = r + 1; c < n; ++c) x[at(r)] -= u.at(r, c) * x[at(c)];
    x[at(r)] /= u.at(r, r);
  }
  return x;
}

kernels::RowLoss row_loss(const kernels::RowSystem& system, CsrRow entries, const std::vector<double>& x) {
  kernels::RowLoss loss;
  for (std::size_t e = 0; e < entries.columns.size(); ++e) {
    const Entry entry = entry_of(system, entries, e);
    const double prediction = dot(entry.features, x);
    if (system.objective.loss == LossKind::implicit_feedback) {
      const auto confidence = static_cast<double>(entries.values[e]);
      loss.observed += confidence * (1 - prediction) * (1 - prediction);
      loss.observed_squares += prediction * prediction;
    } else {
      loss.observed += (entry.target - prediction) * (entry.target - prediction);
    }
  }
  loss.regularizer =
      static_cast<double>(system.objective.row_regularization(entries.size(), system.opposite_rows)) * dot(x, x);
  return loss;
}

std::vector<std::int32_t> nearest_centroids(ConstMatrixView rows, ConstMatrixView centroids) {
  std::vector<std::int32_t> nearest;
  for (Index r = 0; r < rows.rows; ++r) {
    double least = std::numeric_limits<double>::infinity();
    nearest.push_back(0);
    for (Index c = 0; c < centroids.rows; ++c) {
      double distance = 0;
      for (Index j = 0; j < rows.columns; ++j) {
        const double difference = static_cast<double>(rows.row(r)[j]) - static_cast<double>(centroids.row(c)[j]);
        distance += difference * difference;
      }
      if (distance < least) {
        least = distance;
        nearest.back() = static_cast<std::int32_t>(c);
      }
    }
  }
  return nearest;
}

}  // namespace rankwise::reference
