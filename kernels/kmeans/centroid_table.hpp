#pragma once
// How centroids lie in memory for the kernels, and how far their scores may be off.

#include <memory>
#include <vector>

#include "kernels/base/matrix.hpp"

namespace rankwise::kernels {

/// K centroids of d dimensions, packed for the kernels. The score of row x for centroid c is <x, c> - |c|^2 / 2, which
/// is (|x|^2 - |x - c|^2) / 2: the nearest centroid has the highest.
class CentroidTable {
 public:
  explicit CentroidTable(ConstMatrixView centroids);
  ~CentroidTable();
  CentroidTable(CentroidTable&&) noexcept;
  CentroidTable& operator=(CentroidTable&&) noexcept;

  [[nodiscard]] Index count() const;
  [[nodiscard]] Index dimensions() const;
  /// The centroids as they were given.
  [[nodiscard]] ConstMatrixView centroids() const;

  struct Packed;
  [[nodiscard]] const Packed& packed() const { return *packed_; }

 private:
  std::unique_ptr<const Packed> packed_;
};

/// What the kernels read of a CentroidTable; not part of its interface.
struct CentroidTable::Packed {
  explicit Packed(ConstMatrixView given);

  /// Two float scores of one row that are further apart than base + per_norm * |x| are in the right order.
  struct ErrorBound {
    float base;
    float per_norm;
  };
  /// For rows of `terms` products and centroids of norms up to `norm`. Infinite where scores might overflow.
  [[nodiscard]] static ErrorBound gap_bound(Index terms, double norm);
  [[nodiscard]] ErrorBound gap_bound(Index terms) const { return gap_bound(terms, largest_norm); }

  Matrix centroids;
  /// A row per dimension, a column per centroid; columns beyond the last are zero.
  Matrix by_dimension;
  /// -|c|^2 / 2, where a score begins; -infinity beyond the last centroid, which therefore never wins.
  Matrix starts;
  std::vector<double> half_squares;  ///< |c|^2 / 2, zero beyond the last
  double largest_norm = 0;
};

}  // namespace rankwise::kernels
