#pragma once
// Transfers of any size: the one place where 64-bit counts become messages that MPI can count. Both ends of a transfer
// name the same count, element size and limit, so both cut it at the same elements.

#include <algorithm>
#include <cstddef>
#include <limits>
#include <mpi.h>
#include <utility>
#include <vector>

#include "kernels/base/types.hpp"

namespace rankwise {

/// Throws Error(internal) with MPI's own words when `status` is not MPI_SUCCESS.
void check_mpi(int status, const char* call);

/// The one place where a 64-bit count becomes MPI's int; throws Error(internal) beyond 2^31 - 1.
[[nodiscard]] int narrow_count(Index count);

/// The most that one message carries; the same on every rank of a communicator.
struct MessageLimit {
  Index elements = std::numeric_limits<int>::max();
  /// MPI libraries and transports keep bytes in ints here and there; a message has one element at least.
  Index bytes = Index{1} << 30;

  /// Elements of `element_bytes` per message. Throws Error(internal) for a limit below 1 or an element without bytes.
  [[nodiscard]] Index elements_of(std::size_t element_bytes) const;
};

/// Calls body(first, count) for consecutive pieces of at most limit.elements_of(element_bytes) that cover [0, total):
/// `first` is an Index, `count` an int. Throws Error(internal) for a negative total.
template <class Body>
void for_each_message(Index total, std::size_t element_bytes, const MessageLimit& limit, Body&& body) {
  if (total == 0) return;
  if (total < 0) (void)narrow_count(total);  // throws
  const Index most = limit.elements_of(element_bytes);
  for (Index first = 0; first < total; first += most) body(first, narrow_count(std::min(most, total - first)));
}

/// Move-only owner of a datatype of so many contiguous bytes.
class ElementType {
 public:
  explicit ElementType(std::size_t bytes);
  ~ElementType();
  ElementType(ElementType&& other) noexcept
      : type_(std::exchange(other.type_, MPI_DATATYPE_NULL)), bytes_(other.bytes_) {}
  ElementType& operator=(ElementType&& other) noexcept {
    std::swap(type_, other.type_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ElementType(const ElementType&) = delete;
  ElementType& operator=(const ElementType&) = delete;
  [[nodiscard]] MPI_Datatype get() const { return type_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  MPI_Datatype type_ = MPI_DATATYPE_NULL;
  std::size_t bytes_;
};

/// Blocks of elements on their way between ranks. Move-only; the places must outlive wait(). Blocks between two ranks
/// arrive in the order in which both name them.
class Transfer {
 public:
  Transfer(MPI_Comm comm, const MessageLimit& limit, std::size_t element_bytes, int tag)
      : comm_(comm), limit_(limit), type_(element_bytes), tag_(tag) {}

  /// Starts to receive `count` elements from rank `source`.
  void receive(void* place, Index count, int source);
  /// Starts to send `count` elements to rank `target`.
  void send(const void* place, Index count, int target);
  /// Lets MPI move what was started: it does nothing by itself (Open MPI 4.1 has no asynchronous progress).
  void progress();
  /// Completes all that was started.
  void wait();

 private:
  MPI_Comm comm_;
  MessageLimit limit_;
  ElementType type_;
  int tag_;
  std::vector<MPI_Request> requests_;
};

}  // namespace rankwise
