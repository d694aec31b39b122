#include "kernels/matrix.hpp"

#include <algorithm>

namespace rankwise {

Matrix::Matrix(Index rows, Index columns) : rows_(rows), columns_(columns), stride_(padded_columns(columns)) {
  const auto floats = static_cast<std::size_t>(rows_ * stride_);
  data_.reset(new (std::align_val_t{64}) float[floats]);
  std::fill_n(data_.get(), floats, 0.0F);
}

Matrix Matrix::clone() const {
  Matrix copy(rows_, columns_);
  std::copy_n(data_.get(), rows_ * stride_, copy.data_.get());
  return copy;
}

}  // namespace rankwise
