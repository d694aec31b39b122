#pragma once
// A matrix of which the ranks of a node have one copy together: an MPI-3 shared window.

#include <mpi.h>

#include "distributed/exchange/node_group.hpp"
#include "kernels/base/matrix.hpp"

namespace rankwise {

/// Throws Error(internal) where the file system that backs shared memory has no room for `bytes` more. To be asked
/// before a window is made: Open MPI lets the other ranks wait forever when its first one finds no room.
void require_shared_room(Index bytes);

/// Row-major floats as in Matrix, zero at birth, in memory that all ranks of a node read and write; ordinary memory
/// where a node has one rank. Move-only. Its end is collective over the node, so ranks end it together; where an
/// exception unwinds, which may be on one rank alone, the window is left to the end of the program.
class SharedMatrix {
 public:
  SharedMatrix() = default;
  /// Collective over comm where `group` is of several ranks anywhere; throws AgreedError(internal) where a node has no
  /// room for it.
  SharedMatrix(const Communicator& comm, const NodeGroup& group, Index rows, Index columns);
  ~SharedMatrix();
  SharedMatrix(SharedMatrix&& other) noexcept { swap(other); }
  SharedMatrix& operator=(SharedMatrix&& other) noexcept {
    SharedMatrix(std::move(other)).swap(*this);  // ends what it had now
    return *this;
  }
  SharedMatrix(const SharedMatrix&) = delete;
  SharedMatrix& operator=(const SharedMatrix&) = delete;

  [[nodiscard]] Index rows() const { return view_.rows; }
  [[nodiscard]] Index columns() const { return view_.columns; }
  [[nodiscard]] float* row(Index r) { return view_.row(r); }
  [[nodiscard]] MatrixView view() { return view_; }

  /// What the node's ranks wrote before is there for all of them after. Collective over group.comm.
  void settle(const NodeGroup& group) const;

 private:
  void swap(SharedMatrix& other) noexcept;
  void allocate(const NodeGroup& group, std::size_t bytes);

  Matrix own_;  ///< of a node of one rank
  MPI_Win window_ = MPI_WIN_NULL;
  MatrixView view_;
};

}  // namespace rankwise
