#pragma once
// The maximum of a smooth function of a few variables: Newton's method within a trust region.

#include <functional>
#include <span>
#include <string_view>
#include <vector>

namespace rankwise {

/// A function's value at a point with its first and second derivatives.
struct SurfacePoint {
  double value = 0;
  std::vector<double> gradient;  ///< one a variable
  std::vector<double> hessian;   ///< symmetric, by rows
};
using Surface = std::function<SurfacePoint(std::span<const double>)>;

/// How a fit ended. All but `converged` are reasons not to trust its parameters.
enum class FitState {
  converged,
  too_few,         ///< customers who bought again: nothing was fitted
  flat,            ///< a maximum, but other parameters by far are about as likely: no standard error, or a huge one
  at_border,       ///< the likelihood still rises where a parameter reached its bound, where it is held
  no_convergence,  ///< steps ran out
};

/// "converged", "too few repeats", ...
[[nodiscard]] std::string_view fit_state_name(FitState state);

struct SurfaceMaximum {
  std::vector<double> point;
  /// Of the variables, by the inverse of the negative Hessian; NaN if flat, and of variables at the border.
  std::vector<double> standard_errors;
  double value = 0;
  FitState state = FitState::no_convergence;  ///< never too_few
  int steps = 0;
};

/// Variables are held where their magnitude reaches this: exp(20) is 5e8.
inline constexpr double border_of_logarithms = 20;

/// A standard error of a logarithm beyond which the surface counts as flat: the 95% interval of the parameter then
/// spans a factor of 50.
inline constexpr double greatest_log_error = 1;

/// Maximizes `surface` from `start`. Variables are logarithms of parameters. Steps solve the Newton equations, shifted
/// until the matrix is positive definite and the step within the trust region (Moré and Sorensen 1983, by eigenvalues).
/// The end: a step that promises less than 1e-9, or less than the rounding of the value. Same bits for the same
/// surface.
[[nodiscard]] SurfaceMaximum newton_maximum(const Surface& surface, std::vector<double> start);

}  // namespace rankwise
