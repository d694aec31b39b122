#pragma once
// The scratch memory of one thread that builds and solves rows' normal equations.

#include <vector>

#include "kernels/matrix.hpp"

namespace rankwise::kernels {

/// Entries whose products are summed from zero before they are added to a row's system. Part of the promise of
/// identical bits (the order of additions), and sized so that the packed panels of k = 128 stay in L1 and L2.
inline constexpr Index entry_chunk = 128;

/// Buffers for systems of `width` unknowns; about width^2 + 3 * 128 * width floats.
class RowWorkspace {
 public:
  explicit RowWorkspace(Index unknowns)
      : width(unknowns),
        padded_width(padded_columns(unknowns)),
        system(padded_width, padded_width),
        left(entry_chunk, padded_width),
        right(entry_chunk, padded_width),
        vectors(4, padded_width) {}

  Index width;
  Index padded_width;
  Matrix system;  ///< padded_width square; the upper half is A, then its factor U
  Matrix left;    ///< packed, weighted
  Matrix right;   ///< packed

  [[nodiscard]] float* rhs() { return vectors.row(0); }
  [[nodiscard]] float* chunk_rhs() { return vectors.row(1); }
  [[nodiscard]] float* inverse_diagonal() { return vectors.row(2); }
  [[nodiscard]] float* features() { return vectors.row(3); }

 private:
  Matrix vectors;
};

}  // namespace rankwise::kernels
