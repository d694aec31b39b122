#include "distributed/exchange_plan.hpp"

#include <cstring>

namespace rankwise {

namespace {
constexpr int factor_rows_tag = 23;
}  // namespace

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
  // One element is one row, padding included.
  Exchange exchange(comm.transfer(row_bytes, factor_rows_tag), Matrix(sent_rows(), stride));
  // Needed rows ascend, and owners own ascending ranges: what one owner sends is one block of the gathered matrix.
  Index own_place = 0;
  Index place = 0;
  for (int owner = 0; owner < static_cast<int>(receive_counts_.size()); ++owner) {
    const Index rows = receive_counts_[static_cast<std::size_t>(owner)];
    if (owner == rank_) {
      own_place = place;
    } else {
      exchange.transfer_.receive(gathered.row(place), rows, owner);
    }
    place += rows;
  }
  Index next = 0;
  Index packed_row = 0;
  for (int receiver = 0; receiver < static_cast<int>(send_counts_.size()); ++receiver) {
    const Index rows = send_counts_[static_cast<std::size_t>(receiver)];
    const Index first_packed = packed_row;
    for (Index r = 0; r < rows; ++r, ++next) {
      float* target = receiver == rank_ ? gathered.row(own_place + r) : exchange.packed_.row(packed_row++);
      std::memcpy(target, local.row(rows_to_send_[static_cast<std::size_t>(next)]), row_bytes);
    }
    if (receiver != rank_) exchange.transfer_.send(exchange.packed_.row(first_packed), rows, receiver);
  }
  return exchange;
}

}  // namespace rankwise
