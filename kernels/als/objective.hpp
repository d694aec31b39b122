#pragma once
// The loss that ALS minimizes, as a value.
//
// Implicit feedback (Hu, Koren and Volinsky, ICDM 2008; Rendle, Krichene, Zhang and Koren, "Revisiting the performance
// of iALS", 2021), p_ui = <x_u, y_i>, S the observed pairs:
//   constant:     sum_S (1 - p)^2 + alpha0 sum_{all u,i} p^2                    + regularizer   (Rendle et al., eq.
//   1-3) linear:       sum_S c (1 - p)^2 + alpha0 sum_{unobserved} p^2, c = 1 + alpha r             (Hu et al., eq. 3
//   at alpha0 = 1) logarithmic:  the same with c = 1 + alpha log(1 + r)                                       (Hu et
//   al., eq. 6 at epsilon = 1) regularizer:  lambda sum_u (n_u + alpha0 |I|)^nu |x_u|^2 + lambda sum_i (n_i + alpha0
//   |U|)^nu |y_i|^2
// Explicit feedback (Zhou, Wilkinson, Schreiber and Pan, AAIM 2008, ALS-WR):
//   sum_S (r - mean - b_u - b_i - p)^2 + lambda sum_u n_u^nu (|x_u|^2 + b_u^2) + lambda sum_i n_i^nu (|y_i|^2 + b_i^2)
// with nu = 1; mean and biases only where `biases` is chosen.

#include "kernels/base/types.hpp"

namespace rankwise {

/// What is trained on: interactions, and the users and items that have one.
struct MatrixSize {
  Index users = 0;
  Index items = 0;
  Index interactions = 0;
};

/// alpha0 at which all pairs together weigh 20 times what the observed ones do: 20 x interactions / (users x items). A
/// row's regularizer, lambda (n_u + alpha0 |I|) at nu = 1, is then lambda (n_u + 20 times the mean of n_u), whatever
/// the catalogue's size: one lambda serves matrices of every size. docs/DESIGN.md has what it was compared with. 0 for
/// an empty matrix.
[[nodiscard]] double balanced_unobserved_weight(const MatrixSize& size);

enum class LossKind { implicit_feedback, explicit_feedback };
enum class Weighting { constant, linear, logarithmic };

struct Objective {
  LossKind loss = LossKind::implicit_feedback;
  Weighting weighting = Weighting::constant;  ///< implicit only
  double alpha = 1;                           ///< implicit, linear and logarithmic
  double unobserved_weight = 0.1;             ///< alpha0; implicit only
  double regularization = 0.003;              ///< lambda
  double regularization_exponent = 1;         ///< nu
  bool biases = false;                        ///< explicit only: global mean, user and item biases
  double global_mean = 0;                     ///< explicit with biases: mean of the training ratings

  friend bool operator==(const Objective&, const Objective&) = default;

  /// The number that stands for rating `r` in a training matrix: the confidence of an observed pair (implicit), or
  /// r - global_mean (explicit).
  [[nodiscard]] float entry_value(float r) const;
  /// lambda_u of a row with `entries` entries, facing `other_rows` rows.
  [[nodiscard]] float row_regularization(Index entries, Index other_rows) const;
  /// What is taken off an entry's confidence to give its weight in the normal equations: alpha0 where the unobserved
  /// part of the loss leaves observed pairs out, 0 where it spans all pairs.
  [[nodiscard]] float weight_shift() const;
  /// Whether every entry weighs 1 in the normal equations.
  [[nodiscard]] bool unit_weights() const {
    return loss == LossKind::explicit_feedback || weighting == Weighting::constant;
  }
  /// Whether a row's loss follows from its system and solution alone, without another pass over its entries.
  [[nodiscard]] bool has_closed_loss() const { return unit_weights() && !biases; }
};

}  // namespace rankwise
