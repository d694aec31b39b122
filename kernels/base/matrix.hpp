#pragma once
// Row-major float matrices: 64-byte aligned rows with a padded stride, so that every row can be read in whole vectors.

#include <cstddef>
#include <memory>
#include <new>
#include <span>

#include "kernels/base/types.hpp"

namespace rankwise {

/// Floats per 64-byte line. Strides are multiples of it; the padding is zero and stays zero.
inline constexpr Index line_floats = 16;

[[nodiscard]] constexpr Index padded_columns(Index columns) {
  return (columns + line_floats - 1) / line_floats * line_floats;
}

/// A non-owning view of `rows` x `columns` values; row r begins at data + r * stride.
template <class Value>
struct BasicMatrixView {
  Value* data = nullptr;
  Index rows = 0;
  Index columns = 0;
  Index stride = 0;

  [[nodiscard]] Value* row(Index r) const { return data + r * stride; }
  [[nodiscard]] std::span<Value> row_span(Index r) const { return {row(r), static_cast<std::size_t>(columns)}; }
  [[nodiscard]] BasicMatrixView middle_rows(Index begin, Index count) const {
    return {row(begin), count, columns, stride};
  }
  operator BasicMatrixView<const Value>() const {
    return {data, rows, columns, stride};
  }  // NOLINT: a view narrows freely
};
using MatrixView = BasicMatrixView<float>;
using ConstMatrixView = BasicMatrixView<const float>;

/// An owning matrix, zero at birth. Move-only: a copy of a factor matrix is never wanted by accident.
class Matrix {
 public:
  Matrix() = default;
  Matrix(Index rows, Index columns);

  /// A copy, which has to be asked for.
  [[nodiscard]] Matrix clone() const;

  [[nodiscard]] Index rows() const { return rows_; }
  [[nodiscard]] Index columns() const { return columns_; }
  [[nodiscard]] Index stride() const { return stride_; }
  [[nodiscard]] float* row(Index r) { return data_.get() + r * stride_; }
  [[nodiscard]] const float* row(Index r) const { return data_.get() + r * stride_; }
  [[nodiscard]] MatrixView view() { return {data_.get(), rows_, columns_, stride_}; }
  [[nodiscard]] ConstMatrixView view() const { return {data_.get(), rows_, columns_, stride_}; }
  [[nodiscard]] std::size_t bytes() const { return static_cast<std::size_t>(rows_ * stride_) * sizeof(float); }

 private:
  struct AlignedDelete {
    void operator()(float* p) const { ::operator delete[](p, std::align_val_t{64}); }
  };
  Index rows_ = 0;
  Index columns_ = 0;
  Index stride_ = 0;
  std::unique_ptr<float[], AlignedDelete> data_;
};

}  // namespace rankwise
