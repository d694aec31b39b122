#include "distributed/exchange_plan.hpp"

#include <cstring>

namespace rankwise {

namespace {
constexpr int factor_rows_tag = 23;

/// One factor row, padding included.
class RowType {
 public:
  explicit RowType(Index stride) {
    check_mpi(MPI_Type_contiguous(narrow_count(stride), MPI_FLOAT, &type_), "MPI_Type_contiguous");
    check_mpi(MPI_Type_commit(&type_), "MPI_Type_commit");
  }
  ~RowType() { MPI_Type_free(&type_); }  // MPI keeps it until pending transfers end
  RowType(const RowType&) = delete;
  RowType& operator=(const RowType&) = delete;
  [[nodiscard]] MPI_Datatype get() const { return type_; }

 private:
  MPI_Datatype type_ = MPI_DATATYPE_NULL;
};
}  // namespace

void Exchange::wait() {
  check_mpi(MPI_Waitall(narrow_count(static_cast<Index>(requests_.size())), requests_.data(), MPI_STATUSES_IGNORE),
            "MPI_Waitall");
  requests_.clear();
}

ExchangePlan::ExchangePlan(const Communicator& comm, const Partition& owners, std::span<const Index> needed)
    : rank_(comm.rank()),
      needed_rows_(static_cast<Index>(needed.size())),
      receive_counts_(static_cast<std::size_t>(comm.size())) {
  for (const Index row : needed) ++receive_counts_[static_cast<std::size_t>(owners.owner(row))];
  Exchanged<Index> requests = comm.exchange(needed, receive_counts_);
  rows_to_send_ = std::move(requests.values);
  send_counts_ = std::move(requests.counts);
  const Index first = owners.range(rank_).begin;
  for (Index& row : rows_to_send_) row -= first;
}

Exchange ExchangePlan::start(const Communicator& comm, ConstMatrixView local, MatrixView gathered) const {
  const Index stride = local.stride;
  const auto row_bytes = static_cast<std::size_t>(stride) * sizeof(float);
  const RowType row_type(stride);
  Exchange exchange;
  // Needed rows ascend, and owners own ascending ranges: what one owner sends is one block of the gathered matrix.
  Index own_place = 0;
  Index place = 0;
  for (int owner = 0; owner < static_cast<int>(receive_counts_.size()); ++owner) {
    const Index rows = receive_counts_[static_cast<std::size_t>(owner)];
    if (owner == rank_) {
      own_place = place;
    } else if (rows > 0) {
      check_mpi(MPI_Irecv(gathered.row(place), narrow_count(rows), row_type.get(), owner, factor_rows_tag,
                          comm.handle(), &exchange.requests_.emplace_back()),
                "MPI_Irecv");
    }
    place += rows;
  }
  exchange.packed_ = Matrix(sent_rows(), stride);
  Index next = 0;
  Index packed_row = 0;
  for (int receiver = 0; receiver < static_cast<int>(send_counts_.size()); ++receiver) {
    const Index rows = send_counts_[static_cast<std::size_t>(receiver)];
    const Index first_packed = packed_row;
    for (Index r = 0; r < rows; ++r, ++next) {
      float* target = receiver == rank_ ? gathered.row(own_place + r) : exchange.packed_.row(packed_row++);
      std::memcpy(target, local.row(rows_to_send_[static_cast<std::size_t>(next)]), row_bytes);
    }
    if (receiver != rank_ && rows > 0) {
      check_mpi(MPI_Isend(exchange.packed_.row(first_packed), narrow_count(rows), row_type.get(), receiver,
                          factor_rows_tag, comm.handle(), &exchange.requests_.emplace_back()),
                "MPI_Isend");
    }
  }
  return exchange;
}

}  // namespace rankwise
