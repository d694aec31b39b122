#pragma once
// Sums of rows per cluster that do not depend on their order: every weighted value is rounded to a multiple of its
// dimension's quantum and added as an integer, so that rows may come, move and be merged in any order on any thread.

#include <cstdint>
#include <new>
#include <span>
#include <vector>

#include "kernels/base/csr_block.hpp"
#include "kernels/base/matrix.hpp"

namespace rankwise::kernels {

/// The inverses of the sums' quanta, powers of two.
struct SumQuanta {
  std::vector<double> inverse;  ///< one per dimension; zeros up to a whole line
  double inverse_weight = 1;

  /// For at most `rows` rows with |weight * value| at most `largest_magnitudes[j]` in dimension j and weights of
  /// magnitude at most `largest_weight`: no term exceeds 2^51 quanta and no sum 2^62.
  static SumQuanta for_rows(std::span<const double> largest_magnitudes, double largest_weight, Index rows);
};

/// Begins vectors at whole lines.
template <class Value>
struct LineAllocator {
  using value_type = Value;
  LineAllocator() = default;
  template <class Other>
  LineAllocator(LineAllocator<Other>) {}  // NOLINT: an allocator converts freely
  static Value* allocate(std::size_t count) {
    return static_cast<Value*>(::operator new (count * sizeof(Value), std::align_val_t{64}));
  }
  static void deallocate(Value* p, std::size_t) { ::operator delete (p, std::align_val_t{64}); }
  friend bool operator==(LineAllocator, LineAllocator) { return true; }
};

/// Sums of all clusters, in quanta. Those of several threads or ranks are added element by element.
struct CentroidSums {
  /// All zero.
  CentroidSums(Index cluster_count, Index dimension_count);

  [[nodiscard]] std::int64_t* row(Index cluster) { return values.data() + cluster * stride; }
  [[nodiscard]] const std::int64_t* row(Index cluster) const { return values.data() + cluster * stride; }

  CentroidSums& operator+=(const CentroidSums& other);

  Index clusters;
  Index dimensions;
  Index stride;  ///< dimensions up to a whole line of floats
  /// clusters x stride: sums of weight * value, zero in the padding.
  std::vector<std::int64_t, LineAllocator<std::int64_t>> values;
  std::vector<std::int64_t> counts;   ///< rows per cluster
  std::vector<std::int64_t> weights;  ///< sums of their weights
};

/// Adds each row r to the sums of clusters[r]. `weights` has one finite weight per row, or is empty: all one.
void add_rows(ConstMatrixView rows, std::span<const float> weights, std::span<const std::int32_t> clusters,
              const SumQuanta& quanta, CentroidSums& sums);

/// Moves each row r from the sums of before[r] to those of after[r]: as if it had been added there at first. Reads only
/// rows that move. before[r] = -1: not in any yet.
void move_rows(ConstMatrixView rows, std::span<const float> weights, std::span<const std::int32_t> before,
               std::span<const std::int32_t> after, const SumQuanta& quanta, CentroidSums& sums);

/// The same for `rows` of a sparse matrix whose columns are the dimensions; the spans begin at rows.begin.
void add_rows(const CsrBlock& block, RowRange rows, std::span<const float> weights,
              std::span<const std::int32_t> clusters, const SumQuanta& quanta, CentroidSums& sums);
void move_rows(const CsrBlock& block, RowRange rows, std::span<const float> weights,
               std::span<const std::int32_t> before, std::span<const std::int32_t> after, const SumQuanta& quanta,
               CentroidSums& sums);

}  // namespace rankwise::kernels
