#define EIGEN_DONT_PARALLELIZE
#include "kernels/lifetime/newton.hpp"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

namespace rankwise {

namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr int most_steps = 300;
constexpr double widest_radius = 4;

/// The function turned upside down, so that its Hessian is positive definite at the end.
struct Bowl {
  double value = 0;
  VectorXd gradient;
  MatrixXd hessian;
};

Bowl bowl_at(const Surface& surface, const VectorXd& point) {
  const auto size = point.size();
  const SurfacePoint at = surface({point.data(), static_cast<std::size_t>(size)});
  return {-at.value, -Eigen::Map<const VectorXd>(at.gradient.data(), size),
          -Eigen::Map<const MatrixXd>(at.hessian.data(), size, size)};
}

/// Which variables have reached the border, and are held there.
using Held = std::vector<bool>;

/// As if held variables had no say: no slope, a curvature of their own.
Bowl without_held(Bowl bowl, const Held& held) {
  const double largest = std::max(bowl.hessian.cwiseAbs().maxCoeff(), std::numeric_limits<double>::min());
  for (std::size_t i = 0; i < held.size(); ++i) {
    if (!held[i]) continue;
    const auto place = static_cast<Eigen::Index>(i);
    bowl.gradient(place) = 0;
    bowl.hessian.row(place).setZero();
    bowl.hessian.col(place).setZero();
    bowl.hessian(place, place) = largest;
  }
  return bowl;
}

/// Holds variables that have reached the border there; whether there are new ones.
bool hold(VectorXd& point, Held& held) {
  bool has_new = false;
  for (std::size_t i = 0; i < held.size(); ++i) {
    double& value = point(static_cast<Eigen::Index>(i));
    if (held[i] || std::abs(value) < border_of_logarithms) continue;
    value = std::copysign(border_of_logarithms, value);
    held[i] = has_new = true;
  }
  return has_new;
}

/// The step -(H + shift I)^-1 g in the basis of H's eigenvectors.
struct Step {
  VectorXd move;
  double promised = 0;   ///< by how much the quadratic falls
  bool is_full = false;  ///< an unshifted Newton step of a positive definite matrix
};

class Quadratic {
 public:
  explicit Quadratic(const Bowl& bowl) : solver_(bowl.hessian) {
    slopes_ = solver_.eigenvectors().transpose() * bowl.gradient;
  }

  /// The best step of at most this length.
  [[nodiscard]] Step step_within(double radius) const {
    const VectorXd& curvatures = solver_.eigenvalues();
    const double largest = curvatures.cwiseAbs().maxCoeff();
    const double least = std::max(largest * 1e-14, std::numeric_limits<double>::min());
    if (curvatures(0) > least && length(0) <= radius) return step(0, true);
    double low = std::max(0.0, -curvatures(0)) + least;
    if (length(low) <= radius) return step(low, false);
    double high = std::max(2 * low, slopes_.norm() / radius + low);
    while (length(high) > radius) high *= 2;
    for (int halving = 0; halving < 60; ++halving) {
      const double middle = 0.5 * (low + high);
      (length(middle) > radius ? low : high) = middle;
    }
    return step(high, false);
  }

  /// Of the variables; NaN if the matrix is not positive definite.
  [[nodiscard]] std::vector<double> standard_errors() const {
    const VectorXd& curvatures = solver_.eigenvalues();
    std::vector<double> errors(static_cast<std::size_t>(curvatures.size()), std::numeric_limits<double>::quiet_NaN());
    if (!(curvatures(0) > 0)) return errors;
    const MatrixXd& vectors = solver_.eigenvectors();
    const VectorXd variances = vectors.cwiseProduct(vectors) * curvatures.cwiseInverse();
    for (std::size_t i = 0; i < errors.size(); ++i) errors[i] = std::sqrt(variances(static_cast<Eigen::Index>(i)));
    return errors;
  }

 private:
  [[nodiscard]] VectorXd coordinates(double shift) const {
    return -slopes_.array() / (solver_.eigenvalues().array() + shift);
  }
  [[nodiscard]] double length(double shift) const { return coordinates(shift).norm(); }
  [[nodiscard]] Step step(double shift, bool is_full) const {
    const VectorXd along = coordinates(shift);
    const double promised = -slopes_.dot(along) - 0.5 * along.dot(solver_.eigenvalues().cwiseProduct(along).eval());
    return {solver_.eigenvectors() * along, promised, is_full};
  }

  Eigen::SelfAdjointEigenSolver<MatrixXd> solver_;
  VectorXd slopes_;
};

/// What a value of this size loses by rounding.
double rounding_of(double value) {
  return std::abs(value) * 1e-14;
}

FitState state_of(const Held& held, const std::vector<double>& errors) {
  if (std::ranges::count(held, true) > 0) return FitState::at_border;
  const bool is_sure = std::ranges::all_of(errors, [](double error) { return error <= greatest_log_error; });
  return is_sure ? FitState::converged : FitState::flat;
}

double next_radius(double radius, double length, double achieved) {
  if (achieved < 0.25) return length / 4;
  if (achieved > 0.75 && length > 0.9 * radius) return std::min(2 * radius, widest_radius);
  return radius;
}

}  // namespace

std::string_view fit_state_name(FitState state) {
  constexpr std::array<std::string_view, 5> names{"converged", "too few repeats", "flat", "at the border",
                                                  "no convergence"};
  return names[static_cast<std::size_t>(state)];
}

SurfaceMaximum newton_maximum(const Surface& surface, std::vector<double> start) {
  VectorXd point = Eigen::Map<const VectorXd>(start.data(), static_cast<Eigen::Index>(start.size()));
  Held held(start.size(), false);
  hold(point, held);
  Bowl bowl = bowl_at(surface, point);
  SurfaceMaximum found;
  bool has_ended = false;
  double radius = 1;
  for (; found.steps < most_steps && !has_ended; ++found.steps) {
    const Step step = Quadratic(without_held(bowl, held)).step_within(radius);
    const double rounding = rounding_of(bowl.value);
    const bool promises_nothing = step.promised <= std::max(1e-9, rounding);
    VectorXd next_point = point + step.move;
    Held next_held = held;
    const bool is_new_border = hold(next_point, next_held);
    Bowl next = bowl_at(surface, next_point);
    const double fall = bowl.value - next.value;
    const bool falls = std::isfinite(next.value) && (promises_nothing ? fall >= -10 * rounding : fall > 0);
    radius = next_radius(radius, step.move.norm(), falls ? fall / step.promised : 0);
    if (falls) {
      point = std::move(next_point);
      held = std::move(next_held);
      bowl = std::move(next);
    }
    has_ended = promises_nothing && !(falls && is_new_border);
  }
  found.point.assign(point.data(), point.data() + point.size());
  found.value = -bowl.value;
  found.standard_errors = Quadratic(without_held(bowl, held)).standard_errors();
  for (std::size_t i = 0; i < held.size(); ++i) {
    if (held[i]) found.standard_errors[i] = std::numeric_limits<double>::quiet_NaN();
  }
  found.state = has_ended ? state_of(held, found.standard_errors) : FitState::no_convergence;
  return found;
}

}  // namespace rankwise
