#pragma once
// Sums that do not depend on their order: terms are rounded to multiples of one quantum and added as integers.

#include <cmath>
#include <cstdint>

#include "kernels/base/types.hpp"

namespace rankwise {

/// The quantum 2^exponent of a fixed-point sum. It is chosen from a bound that every rank knows, so that the total fits
/// into 62 bits; integer addition then is exact and order-free, locally and in MPI_SUM.
class FixedPointScale {
 public:
  /// For `terms` numbers of magnitude at most `largest` (finite, >= 0).
  static FixedPointScale for_terms(double largest, Index terms);

  /// Rounded to the nearest multiple of the quantum.
  [[nodiscard]] std::int64_t to_fixed(double term) const { return std::llrint(term * inverse_quantum_); }
  [[nodiscard]] double from_fixed(std::int64_t sum) const { return static_cast<double>(sum) * quantum_; }

 private:
  explicit FixedPointScale(int exponent);
  double quantum_;
  double inverse_quantum_;
};

}  // namespace rankwise
