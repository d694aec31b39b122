#pragma once
// Numbers from files of any kind as the float32 that K-means computes with.

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "kernels/base/matrix.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Whether `value` is finite as float32.
[[nodiscard]] bool is_finite_float(double value);

/// Whether `value` is finite and above 0 as float32.
[[nodiscard]] bool is_weight(double value);

/// Fills rows of numbers, row-major, into `out`.
using ReadNumbers = std::function<void(RowRange rows, std::span<double> out)>;

/// Rows of `columns` numbers, read in pieces of a few MiB. Throws Error(bad_data), "PATH: row R, column C: nan:
/// expected a finite number" (both from 0), for the first value that is not finite as float32.
[[nodiscard]] Matrix read_finite_rows(const std::string& path, RowRange rows, Index columns, const ReadNumbers& read);

/// One weight per row. Throws Error(bad_data), "PATH: row R: weight 0: expected a finite number above 0".
[[nodiscard]] std::vector<float> read_weights(const std::string& path, RowRange rows, const ReadNumbers& read);

}  // namespace rankwise
