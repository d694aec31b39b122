#include "distributed/communicator.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <fmt/format.h>
#include <limits>
#include <numeric>

namespace rankwise {

namespace {
// Elements per message; far below 2^31 so that counts of derived types stay small, far above what latency needs.
constexpr Index message_elements = Index{1} << 28;
constexpr int exchange_tag = 17;

/// A contiguous datatype of `bytes` bytes, freed at the end of its scope.
class ElementType {
 public:
  explicit ElementType(std::size_t bytes) {
    check_mpi(MPI_Type_contiguous(narrow_count(static_cast<Index>(bytes)), MPI_BYTE, &type_), "MPI_Type_contiguous");
    check_mpi(MPI_Type_commit(&type_), "MPI_Type_commit");
  }
  ~ElementType() { MPI_Type_free(&type_); }
  ElementType(const ElementType&) = delete;
  ElementType& operator=(const ElementType&) = delete;
  [[nodiscard]] MPI_Datatype get() const { return type_; }

 private:
  MPI_Datatype type_ = MPI_DATATYPE_NULL;
};

/// Calls body(first, count) for pieces of at most message_elements that cover [0, total).
template <class Body>
void for_each_message(Index total, Body&& body) {
  for (Index first = 0; first < total; first += message_elements)
    body(first, std::min(message_elements, total - first));
}
}  // namespace

void check_mpi(int status, const char* call) {
  if (status == MPI_SUCCESS) return;
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  MPI_Error_string(status, text.data(), &length);
  throw Error(ExitCode::internal, fmt::format("{}: {}", call, text.data()));
}

int narrow_count(Index count) {
  if (count < 0 || count > std::numeric_limits<int>::max()) {
    throw Error(ExitCode::internal, fmt::format("a message of {} elements exceeds MPI's count", count));
  }
  return static_cast<int>(count);
}

template <>
MPI_Datatype mpi_type<std::int64_t>() {
  return MPI_INT64_T;
}
template <>
MPI_Datatype mpi_type<std::uint64_t>() {
  return MPI_UINT64_T;
}
template <>
MPI_Datatype mpi_type<std::int32_t>() {
  return MPI_INT32_T;
}
template <>
MPI_Datatype mpi_type<float>() {
  return MPI_FLOAT;
}
template <>
MPI_Datatype mpi_type<double>() {
  return MPI_DOUBLE;
}

Communicator Communicator::duplicate(MPI_Comm original) {
  MPI_Comm handle = MPI_COMM_NULL;
  check_mpi(MPI_Comm_dup(original, &handle), "MPI_Comm_dup");
  return Communicator(handle);
}

Communicator Communicator::world() {
  return duplicate(MPI_COMM_WORLD);
}

Communicator Communicator::single() {
  return duplicate(MPI_COMM_SELF);
}

Communicator::~Communicator() {
  if (handle_ != MPI_COMM_NULL) MPI_Comm_free(&handle_);
}

Communicator& Communicator::operator=(Communicator&& other) noexcept {
  std::swap(handle_, other.handle_);
  return *this;
}

int Communicator::rank() const {
  int rank = 0;
  check_mpi(MPI_Comm_rank(handle_, &rank), "MPI_Comm_rank");
  return rank;
}

int Communicator::size() const {
  int size = 0;
  check_mpi(MPI_Comm_size(handle_, &size), "MPI_Comm_size");
  return size;
}

int Communicator::ranks_on_node() const {
  MPI_Comm node = MPI_COMM_NULL;
  check_mpi(MPI_Comm_split_type(handle_, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node), "MPI_Comm_split_type");
  int size = 0;
  check_mpi(MPI_Comm_size(node, &size), "MPI_Comm_size");
  check_mpi(MPI_Comm_free(&node), "MPI_Comm_free");
  return size;
}

void Communicator::barrier() const {
  check_mpi(MPI_Barrier(handle_), "MPI_Barrier");
}

Index Communicator::exclusive_sum(Index value) const {
  Index before = 0;
  check_mpi(MPI_Exscan(&value, &before, 1, MPI_INT64_T, MPI_SUM, handle_), "MPI_Exscan");
  return rank() == 0 ? 0 : before;  // MPI leaves rank 0's result undefined
}

void Communicator::all_reduce(void* values, Index count, MPI_Datatype type, MPI_Op operation) const {
  int type_bytes = 0;
  check_mpi(MPI_Type_size(type, &type_bytes), "MPI_Type_size");
  for_each_message(count, [&](Index first, Index piece) {
    check_mpi(MPI_Allreduce(MPI_IN_PLACE, static_cast<char*>(values) + first * type_bytes, narrow_count(piece), type,
                            operation, handle_),
              "MPI_Allreduce");
  });
}

std::vector<Index> Communicator::gather_counts(Index mine) const {
  std::vector<Index> counts(static_cast<std::size_t>(size()));
  check_mpi(MPI_Allgather(&mine, 1, MPI_INT64_T, counts.data(), 1, MPI_INT64_T, handle_), "MPI_Allgather");
  return counts;
}

void Communicator::all_gather_bytes(const void* mine, void* all, std::span<const Index> counts,
                                    std::size_t element_bytes) const {
  // By broadcasts in rank order: no displacement ever has to fit into an int.
  auto* place = static_cast<char*>(all);
  for (std::size_t root = 0; root < counts.size(); ++root) {
    if (static_cast<int>(root) == rank() && counts[root] > 0) {
      std::memcpy(place, mine, static_cast<std::size_t>(counts[root]) * element_bytes);
    }
    broadcast_bytes(place, counts[root], element_bytes, static_cast<int>(root));
    place += static_cast<std::size_t>(counts[root]) * element_bytes;
  }
}

Index Communicator::broadcast_count(Index count, int root) const {
  check_mpi(MPI_Bcast(&count, 1, MPI_INT64_T, root, handle_), "MPI_Bcast");
  return count;
}

void Communicator::broadcast_bytes(void* values, Index count, std::size_t element_bytes, int root) const {
  const ElementType type(element_bytes);
  for_each_message(count, [&](Index first, Index piece) {
    char* place = static_cast<char*>(values) + static_cast<std::size_t>(first) * element_bytes;
    check_mpi(MPI_Bcast(place, narrow_count(piece), type.get(), root, handle_), "MPI_Bcast");
  });
}

void Communicator::broadcast(std::string& text, int root) const {
  const Index size = broadcast_count(static_cast<Index>(text.size()), root);
  text.resize(static_cast<std::size_t>(size));
  broadcast_bytes(text.data(), size, 1, root);
}

std::vector<Index> Communicator::exchange_counts(std::span<const Index> counts) const {
  std::vector<Index> received(counts.size());
  check_mpi(MPI_Alltoall(counts.data(), 1, MPI_INT64_T, received.data(), 1, MPI_INT64_T, handle_), "MPI_Alltoall");
  return received;
}

void Communicator::exchange_bytes(const void* send, std::span<const Index> send_counts, void* receive,
                                  std::span<const Index> receive_counts, std::size_t element_bytes) const {
  const ElementType type(element_bytes);
  const int me = rank();
  const int ranks = size();
  std::vector<MPI_Request> requests;
  auto* place = static_cast<char*>(receive);
  char* own_place = nullptr;
  for (int peer = 0; peer < ranks; ++peer) {
    const Index count = receive_counts[static_cast<std::size_t>(peer)];
    if (peer == me) {
      own_place = place;
    } else {
      for_each_message(count, [&](Index first, Index piece) {
        check_mpi(MPI_Irecv(place + static_cast<std::size_t>(first) * element_bytes, narrow_count(piece), type.get(),
                            peer, exchange_tag, handle_, &requests.emplace_back()),
                  "MPI_Irecv");
      });
    }
    place += static_cast<std::size_t>(count) * element_bytes;
  }
  const auto* source = static_cast<const char*>(send);
  for (int peer = 0; peer < ranks; ++peer) {
    const Index count = send_counts[static_cast<std::size_t>(peer)];
    if (peer == me) {
      if (count > 0) std::memcpy(own_place, source, static_cast<std::size_t>(count) * element_bytes);
    } else {
      for_each_message(count, [&](Index first, Index piece) {
        check_mpi(MPI_Isend(source + static_cast<std::size_t>(first) * element_bytes, narrow_count(piece), type.get(),
                            peer, exchange_tag, handle_, &requests.emplace_back()),
                  "MPI_Isend");
      });
    }
    source += static_cast<std::size_t>(count) * element_bytes;
  }
  check_mpi(MPI_Waitall(narrow_count(static_cast<Index>(requests.size())), requests.data(), MPI_STATUSES_IGNORE),
            "MPI_Waitall");
}

void agree(const Communicator& comm, const std::optional<Error>& mine) {
  const int failing = comm.min(mine ? comm.rank() : comm.size());
  if (failing == comm.size()) return;
  std::string message = mine ? mine->what() : "";
  std::vector<std::int32_t> code{mine ? static_cast<std::int32_t>(mine->code()) : 0};
  comm.broadcast(message, failing);
  comm.broadcast(code, failing);
  throw AgreedError(static_cast<ExitCode>(code.front()), message);
}

}  // namespace rankwise
