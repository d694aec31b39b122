#pragma once
// A thin typed layer over MPI: one function per collective, errors become exceptions, counts are 64 bits.

#include <cstdint>
#include <functional>
#include <mpi.h>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "distributed/comm/messages.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// The MPI datatype of an arithmetic type.
template <class T>
[[nodiscard]] MPI_Datatype mpi_type();
template <>
MPI_Datatype mpi_type<std::int64_t>();
template <>
MPI_Datatype mpi_type<std::uint64_t>();
template <>
MPI_Datatype mpi_type<std::int32_t>();
template <>
MPI_Datatype mpi_type<float>();
template <>
MPI_Datatype mpi_type<double>();

/// What one rank received from all: values in rank order, and how many came from each.
template <class T>
struct Exchanged {
  std::vector<T> values;
  std::vector<Index> counts;
};

/// Move-only owner of an MPI communicator with MPI_ERRORS_RETURN. Every member but rank(), size(), handle(), is_root()
/// and transfer() is collective over it.
class Communicator {
 public:
  /// A duplicate of MPI_COMM_WORLD. `limit` is the same on every rank; tests make it small.
  static Communicator world(const MessageLimit& limit = {});
  /// A duplicate of MPI_COMM_SELF: this rank alone.
  static Communicator single(const MessageLimit& limit = {});
  /// The ranks that give the same `color` (>= 0), in the order that they have here.
  [[nodiscard]] Communicator split(int color) const;
  /// The ranks that share memory with this one, in the order that they have here.
  [[nodiscard]] Communicator node() const;
  ~Communicator();
  Communicator(Communicator&& other) noexcept
      : handle_(std::exchange(other.handle_, MPI_COMM_NULL)), limit_(other.limit_) {}
  Communicator& operator=(Communicator&& other) noexcept;
  Communicator(const Communicator&) = delete;
  Communicator& operator=(const Communicator&) = delete;

  [[nodiscard]] int rank() const;
  [[nodiscard]] int size() const;
  [[nodiscard]] bool is_root() const { return rank() == 0; }
  [[nodiscard]] MPI_Comm handle() const { return handle_; }
  /// An empty transfer between ranks of this communicator, which must outlive it.
  [[nodiscard]] Transfer transfer(std::size_t element_bytes, int tag) const {
    return {handle_, limit_, element_bytes, tag};
  }

  void barrier() const;

  /// Element-wise reduction in place. For floating point use order_free_sum: MPI's order is its own.
  template <class T>
  void all_reduce_sum(std::span<T> values) const {
    static_assert(std::is_integral_v<T>, "floating-point sums must be order-free");
    all_reduce(values.data(), static_cast<Index>(values.size()), mpi_type<T>(), MPI_SUM);
  }
  template <class T>
  [[nodiscard]] T sum(T value) const {
    all_reduce_sum(std::span<T>(&value, 1));
    return value;
  }
  /// The bits that any rank has set.
  void all_reduce_or(std::span<std::uint64_t> words) const {
    all_reduce(words.data(), static_cast<Index>(words.size()), mpi_type<std::uint64_t>(), MPI_BOR);
  }
  template <class T>
  void all_reduce_max(std::span<T> values) const {
    all_reduce(values.data(), static_cast<Index>(values.size()), mpi_type<T>(), MPI_MAX);
  }
  template <class T>
  [[nodiscard]] T max(T value) const {
    all_reduce(&value, 1, mpi_type<T>(), MPI_MAX);
    return value;
  }
  template <class T>
  [[nodiscard]] T min(T value) const {
    all_reduce(&value, 1, mpi_type<T>(), MPI_MIN);
    return value;
  }
  /// Sum over the ranks before this one; 0 on rank 0.
  [[nodiscard]] Index exclusive_sum(Index value) const;

  /// One value from every rank, in rank order, on every rank.
  template <class T>
  [[nodiscard]] std::vector<T> all_gather(T value) const {
    return all_gather_varied(std::span<const T>(&value, 1)).values;
  }
  /// Any number of trivially copyable values from every rank, concatenated in rank order, on every rank.
  template <class T>
  [[nodiscard]] Exchanged<T> all_gather_varied(std::span<const T> mine) const {
    static_assert(std::is_trivially_copyable_v<T>);
    Exchanged<T> all;
    all.counts = gather_counts(static_cast<Index>(mine.size()));
    Index total = 0;
    for (const Index count : all.counts) total += count;
    all.values.resize(static_cast<std::size_t>(total));
    all_gather_bytes(mine.data(), all.values.data(), all.counts, sizeof(T));
    return all;
  }
  /// `values` from `root` to every rank; their size travels too.
  template <class T>
  void broadcast(std::vector<T>& values, int root = 0) const {
    static_assert(std::is_trivially_copyable_v<T>);
    const Index size = broadcast_count(static_cast<Index>(values.size()), root);
    values.resize(static_cast<std::size_t>(size));
    broadcast_bytes(values.data(), size, sizeof(T), root);
  }
  void broadcast(std::string& text, int root = 0) const;

  /// Personalized all-to-all of trivially copyable values. BEFORE: `send` holds counts[0] values for rank 0, then
  /// counts[1] for rank 1, ... AFTER: what every rank held for this one, in rank order.
  template <class T>
  [[nodiscard]] Exchanged<T> exchange(std::span<const T> send, std::span<const Index> counts) const {
    static_assert(std::is_trivially_copyable_v<T>);
    Exchanged<T> received;
    received.counts = exchange_counts(counts);
    Index total = 0;
    for (const Index count : received.counts) total += count;
    received.values.resize(static_cast<std::size_t>(total));
    exchange_bytes(send.data(), counts, received.values.data(), received.counts, sizeof(T));
    return received;
  }

 private:
  Communicator(MPI_Comm handle, const MessageLimit& limit) : handle_(handle), limit_(limit) {}
  static Communicator duplicate(MPI_Comm original, const MessageLimit& limit);
  void all_reduce(void* values, Index count, MPI_Datatype type, MPI_Op operation) const;
  [[nodiscard]] std::vector<Index> gather_counts(Index mine) const;
  void all_gather_bytes(const void* mine, void* all, std::span<const Index> counts, std::size_t element_bytes) const;
  [[nodiscard]] Index broadcast_count(Index count, int root) const;
  void broadcast_bytes(void* values, Index count, std::size_t element_bytes, int root) const;
  [[nodiscard]] std::vector<Index> exchange_counts(std::span<const Index> counts) const;
  void exchange_bytes(const void* send, std::span<const Index> send_counts, void* receive,
                      std::span<const Index> receive_counts, std::size_t element_bytes) const;

  MPI_Comm handle_ = MPI_COMM_NULL;
  MessageLimit limit_;
};

/// An error that every rank throws together: it may unwind to main, which prints it once and finalizes.
class AgreedError : public Error {
 public:
  using Error::Error;
};

/// Agrees on the outcome of a step that may have failed on some ranks: nothing happens when no rank failed; else every
/// rank throws the lowest failing rank's error as AgreedError. Collective over comm.
void agree(const Communicator& comm, const std::optional<Error>& mine);

/// Runs `step` (which must hold no collective call), then agrees on its outcome. Collective over comm.
template <class Step>
auto agree_on(const Communicator& comm, Step&& step) {
  using Result = std::invoke_result_t<Step>;
  std::optional<Error> failure;
  const auto guarded = [&failure](auto&& body) {
    try {
      body();
    } catch (const Error& error) {
      failure = error;
    } catch (const std::bad_alloc&) {
      failure = Error(ExitCode::internal, "out of memory");
    }
  };
  if constexpr (std::is_void_v<Result>) {
    guarded([&] { std::invoke(step); });
    agree(comm, failure);
  } else {
    std::optional<Result> result;
    guarded([&] { result.emplace(std::invoke(step)); });
    agree(comm, failure);
    return std::move(*result);
  }
}

}  // namespace rankwise
