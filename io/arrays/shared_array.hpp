#pragma once
// Arrays that are shared out over ranks, on their way into a file.

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Takes bytes, one piece behind the other.
using TakeBytes = std::function<void(std::string_view)>;

/// An array of which each rank has some rows, in rank order.
struct SharedArray {
  std::string name;
  std::string type;          ///< as NumPy writes it: "<f4", "<i8", "<U7"
  std::vector<Index> shape;  ///< rows first; empty: a single value
  Index row_bytes = 0;
  RowRange mine;                               ///< this rank's rows; of a single value {0, 1} on the root
  std::function<void(const TakeBytes&)> give;  ///< this rank's bytes in their order; collective

  [[nodiscard]] Index bytes() const { return row_bytes * (shape.empty() ? 1 : shape.front()); }
};

/// Calls step() with blocks of this rank's rows, in their order. Each rank makes as many calls, the last ones of some
/// with an empty block, so that step() may read collectively. Collective over comm.
void for_row_blocks(const Communicator& comm, RowRange mine, Index block_rows,
                    const std::function<void(RowRange)>& step);

/// The rows of a rank out of `total`.
[[nodiscard]] RowRange rows_of_rank(const Communicator& comm, Index total);

/// The values' bytes, as they are in memory (little-endian).
template <class Value>
[[nodiscard]] std::string_view bytes_of(std::span<const Value> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

/// An array of a few values that every rank has, which the root writes. `shape` is {values.size()}, or empty.
[[nodiscard]] SharedArray root_array(const Communicator& comm, std::string name, std::string type,
                                     std::vector<Index> shape, Index row_bytes, std::string bytes);

/// What a .npy file begins with (NumPy's format 1.0); the values follow.
[[nodiscard]] std::string npy_header(const SharedArray& array);

}  // namespace rankwise
