#include "kernels/regression/normal_solution.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <cmath>

namespace rankwise {

namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

MatrixXd full_matrix(const NormalEquations& equations) {
  MatrixXd matrix(equations.width, equations.width);
  for (Index row = 0; row < equations.width; ++row) {
    for (Index column = 0; column <= row; ++column)
      matrix(row, column) = matrix(column, row) = equations.at(row, column);
  }
  return matrix;
}

}  // namespace

struct NormalFactor::Impl {
  Eigen::LDLT<MatrixXd> factor;
  bool is_sound = false;
};

NormalFactor::NormalFactor(const NormalEquations& equations, std::span<const double> diagonal)
    : impl_(std::make_unique<Impl>()) {
  MatrixXd matrix = full_matrix(equations);
  for (Index column = 0; column < equations.width; ++column)
    matrix(column, column) += diagonal[static_cast<std::size_t>(column)];
  if (!matrix.allFinite()) return;
  impl_->factor.compute(matrix);
  impl_->is_sound = impl_->factor.info() == Eigen::Success && (impl_->factor.vectorD().array() > 0).all();
}
NormalFactor::~NormalFactor() = default;
NormalFactor::NormalFactor(NormalFactor&&) noexcept = default;
NormalFactor& NormalFactor::operator=(NormalFactor&&) noexcept = default;

bool NormalFactor::is_sound() const {
  return impl_->is_sound;
}

std::vector<double> NormalFactor::solve(std::span<const double> right) const {
  const VectorXd solution =
      impl_->factor.solve(Eigen::Map<const VectorXd>(right.data(), static_cast<Eigen::Index>(right.size())));
  return {solution.data(), solution.data() + solution.size()};
}

std::vector<double> NormalFactor::inverse_diagonal() const {
  const Eigen::Index width = impl_->factor.rows();
  std::vector<double> diagonal;
  for (Eigen::Index column = 0; column < width; ++column) {
    const VectorXd solution = impl_->factor.solve(VectorXd::Unit(width, column));
    diagonal.push_back(solution(column));
  }
  return diagonal;
}

std::vector<Index> dependent_columns(const NormalEquations& equations) {
  MatrixXd rest = full_matrix(equations);
  const VectorXd raw = rest.diagonal();
  VectorXd variance;
  std::vector<Index> dependent;
  for (Index column = 0; column < equations.width; ++column) {
    const double own = rest(column, column);
    const double whole = column == 0 ? raw(0) : variance(column);
    const bool has_variance = column == 0 || whole > least_own_variance * 1e-3 * raw(column);
    if (!(has_variance && own > least_own_variance * whole)) {
      dependent.push_back(column);
      continue;
    }
    // What this column says is taken out of those behind it.
    for (Index other = column + 1; other < equations.width; ++other) {
      const double share = rest(other, column) / own;
      for (Index third = column + 1; third <= other; ++third) rest(other, third) -= share * rest(third, column);
    }
    if (column == 0) variance = rest.diagonal();
  }
  return dependent;
}

}  // namespace rankwise
