#include "distributed/comm/communicator.hpp"

#include <cstring>

namespace rankwise {

namespace {
constexpr int exchange_tag = 17;
}  // namespace

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

Communicator Communicator::duplicate(MPI_Comm original, const MessageLimit& limit) {
  MPI_Comm handle = MPI_COMM_NULL;
  check_mpi(MPI_Comm_dup(original, &handle), "MPI_Comm_dup");
  return {handle, limit};
}

Communicator Communicator::world(const MessageLimit& limit) {
  return duplicate(MPI_COMM_WORLD, limit);
}

Communicator Communicator::single(const MessageLimit& limit) {
  return duplicate(MPI_COMM_SELF, limit);
}

Communicator::~Communicator() {
  if (handle_ != MPI_COMM_NULL) MPI_Comm_free(&handle_);
}

Communicator& Communicator::operator=(Communicator&& other) noexcept {
  std::swap(handle_, other.handle_);
  std::swap(limit_, other.limit_);
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

Communicator Communicator::split(int color) const {
  Communicator part(MPI_COMM_NULL, limit_);
  check_mpi(MPI_Comm_split(handle_, color, rank(), &part.handle_), "MPI_Comm_split");
  return part;
}

Communicator Communicator::node() const {
  Communicator node(MPI_COMM_NULL, limit_);
  check_mpi(MPI_Comm_split_type(handle_, MPI_COMM_TYPE_SHARED, rank(), MPI_INFO_NULL, &node.handle_),
            "MPI_Comm_split_type");
  return node;
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
  for_each_message(count, static_cast<std::size_t>(type_bytes), limit_, [&](Index first, int piece) {
    check_mpi(
        MPI_Allreduce(MPI_IN_PLACE, static_cast<char*>(values) + first * type_bytes, piece, type, operation, handle_),
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
  for_each_message(count, element_bytes, limit_, [&](Index first, int piece) {
    char* place = static_cast<char*>(values) + static_cast<std::size_t>(first) * element_bytes;
    check_mpi(MPI_Bcast(place, piece, type.get(), root, handle_), "MPI_Bcast");
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
  Transfer transfers = transfer(element_bytes, exchange_tag);
  const int me = rank();
  const int ranks = size();
  auto* place = static_cast<char*>(receive);
  char* own_place = nullptr;
  for (int peer = 0; peer < ranks; ++peer) {
    const Index count = receive_counts[static_cast<std::size_t>(peer)];
    if (peer == me) {
      own_place = place;
    } else {
      transfers.receive(place, count, peer);
    }
    place += static_cast<std::size_t>(count) * element_bytes;
  }
  const auto* source = static_cast<const char*>(send);
  for (int peer = 0; peer < ranks; ++peer) {
    const Index count = send_counts[static_cast<std::size_t>(peer)];
    if (peer == me) {
      if (count > 0) std::memcpy(own_place, source, static_cast<std::size_t>(count) * element_bytes);
    } else {
      transfers.send(source, count, peer);
    }
    source += static_cast<std::size_t>(count) * element_bytes;
  }
  transfers.wait();
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
