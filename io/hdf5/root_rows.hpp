#pragma once
// Datasets of what every rank holds: the root writes them.

#include <iterator>
#include <span>
#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "io/hdf5/writer.hpp"
#include "kernels/base/matrix.hpp"

namespace rankwise {

/// The rows that this rank writes: all on the root, none elsewhere.
[[nodiscard]] inline RowRange root_rows(const Communicator& comm, Index rows) {
  return comm.is_root() ? RowRange{0, rows} : RowRange{rows, rows};
}

/// Collective, as the writer is; so is the next.
template <class T>
void write_from_root(const Communicator& comm, Hdf5Writer& file, const std::string& name,
                     const std::vector<T>& values) {
  const Index rows = std::ssize(values);
  file.write_rows(name, rows, root_rows(comm, rows), std::span<const T>(values));
}

inline void write_from_root(const Communicator& comm, Hdf5Writer& file, const std::string& name, const Matrix& matrix) {
  const RowRange mine = root_rows(comm, matrix.rows());
  file.write_matrix(name, matrix.rows(), mine, matrix.view().middle_rows(0, mine.size()));
}

}  // namespace rankwise
