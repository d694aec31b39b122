#include "kernels/base/fixed_point_sum.hpp"

#include <algorithm>
#include <cmath>

namespace rankwise {

FixedPointScale::FixedPointScale(int exponent)
    : quantum_(std::ldexp(1.0, exponent)), inverse_quantum_(std::ldexp(1.0, -exponent)) {}

FixedPointScale FixedPointScale::for_terms(double largest, Index terms) {
  // |sum| <= largest * terms < 2^(exponent_of_largest + exponent_of_terms); both frexp exponents are upper bounds.
  int exponent_of_largest = 0;
  int exponent_of_terms = 0;
  std::frexp(largest, &exponent_of_largest);
  std::frexp(static_cast<double>(std::max<Index>(terms, 1)), &exponent_of_terms);
  // The clamp keeps quantum and its inverse normal; sums below 2^-1000 are zero for every purpose here.
  return FixedPointScale(std::clamp(exponent_of_largest + exponent_of_terms - 62, -1000, 1000));
}

}  // namespace rankwise
