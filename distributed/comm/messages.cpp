#include "distributed/comm/messages.hpp"

#include <array>
#include <fmt/format.h>

#include "kernels/base/error.hpp"

namespace rankwise {

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

Index MessageLimit::elements_of(std::size_t element_bytes) const {
  if (elements < 1 || bytes < 1 || element_bytes < 1) {
    throw Error(ExitCode::internal,
                fmt::format("messages of at most {} elements and {} bytes cannot carry {} bytes each", elements, bytes,
                            element_bytes));
  }
  const Index most = std::min(elements, std::max(Index{1}, bytes / static_cast<Index>(element_bytes)));
  return narrow_count(most);
}

ElementType::ElementType(std::size_t bytes) : bytes_(bytes) {
  check_mpi(MPI_Type_contiguous(narrow_count(static_cast<Index>(bytes)), MPI_BYTE, &type_), "MPI_Type_contiguous");
  check_mpi(MPI_Type_commit(&type_), "MPI_Type_commit");
}

ElementType::~ElementType() {
  if (type_ != MPI_DATATYPE_NULL) MPI_Type_free(&type_);  // MPI keeps it until pending transfers end
}

void Transfer::receive(void* place, Index count, int source) {
  for_each_message(count, type_.bytes(), limit_, [&](Index first, int piece) {
    check_mpi(MPI_Irecv(static_cast<char*>(place) + static_cast<std::size_t>(first) * type_.bytes(), piece, type_.get(),
                        source, tag_, comm_, &requests_.emplace_back()),
              "MPI_Irecv");
  });
}

void Transfer::send(const void* place, Index count, int target) {
  for_each_message(count, type_.bytes(), limit_, [&](Index first, int piece) {
    check_mpi(MPI_Isend(static_cast<const char*>(place) + static_cast<std::size_t>(first) * type_.bytes(), piece,
                        type_.get(), target, tag_, comm_, &requests_.emplace_back()),
              "MPI_Isend");
  });
}

void Transfer::progress() {
  if (requests_.empty()) return;
  int all_done = 0;
  check_mpi(
      MPI_Testall(narrow_count(static_cast<Index>(requests_.size())), requests_.data(), &all_done, MPI_STATUSES_IGNORE),
      "MPI_Testall");
  if (all_done != 0) requests_.clear();
}

void Transfer::wait() {
  check_mpi(MPI_Waitall(narrow_count(static_cast<Index>(requests_.size())), requests_.data(), MPI_STATUSES_IGNORE),
            "MPI_Waitall");
  requests_.clear();
}

}  // namespace rankwise
