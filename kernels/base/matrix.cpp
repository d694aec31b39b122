#include "kernels/base/matrix.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <new>

#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

/// The largest tables of a run: who has too little memory for one hears which.
float* allocate(Index rows, Index columns, std::size_t floats) {
  try {
    return new (std::align_val_t{64}) float[floats];
  } catch (const std::bad_alloc&) {
    constexpr double mebibyte = 1 << 20;
    throw Error(ExitCode::internal,
                fmt::format("out of memory: {:.0f} MiB were asked for, for a matrix of {} x {} numbers",
                            static_cast<double>(floats) * sizeof(float) / mebibyte, rows, columns));
  }
}

}  // namespace

Matrix::Matrix(Index rows, Index columns) : rows_(rows), columns_(columns), stride_(padded_columns(columns)) {
  const auto floats = static_cast<std::size_t>(rows_ * stride_);
  data_.reset(allocate(rows_, columns_, floats));
  std::fill_n(data_.get(), floats, 0.0F);
}

Matrix Matrix::clone() const {
  Matrix copy(rows_, columns_);
  std::copy_n(data_.get(), rows_ * stride_, copy.data_.get());
  return copy;
}

}  // namespace rankwise
