#include "distributed/exchange_plan.hpp"

#include <algorithm>
#include <cstring>

namespace rankwise {

namespace {
constexpr int factor_rows_tag = 23;
}  // namespace

void Exchange::wait() {
  transfer_.wait();
  packed_.clear();
}

ExchangePlan::ExchangePlan(const Communicator& comm, const Partition& owners, std::span<const Index> needed)
    : ranks_(comm.size()),
      rank_(comm.rank()),
      portions_(owners.portions()),
      needed_rows_(static_cast<Index>(needed.size())),
      receive_counts_(static_cast<std::size_t>(ranks_ * portions_)),
      send_counts_(receive_counts_.size()) {
  std::vector<Index> needed_of(static_cast<std::size_t>(ranks_));
  Index place = 0;
  for (Index owner = 0; owner < ranks_; ++owner) {
    if (owner == rank_) own_place_ = place;
    const Index first = place;
    for (Index portion = 0; portion < portions_; ++portion) {
      const Index end = owners.portion(static_cast<int>(owner), static_cast<int>(portion)).end;
      const Index begin = place;
      place = std::ranges::lower_bound(needed.begin() + place, needed.end(), end) - needed.begin();
      count_in(receive_counts_, owner, portion) = place - begin;
    }
    needed_of[static_cast<std::size_t>(owner)] = place - first;
  }
  const Exchanged<Index> requests = comm.exchange(needed, needed_of);
  const RowRange mine = owners.range(comm.rank());
  rows_to_send_.reserve(requests.values.size());
  auto next = requests.values.begin();
  for (Index receiver = 0; receiver < ranks_; ++receiver) {
    const auto end = next + requests.counts[static_cast<std::size_t>(receiver)];
    for (Index portion = 0; portion < portions_; ++portion) {
      const Index last = owners.portion(comm.rank(), static_cast<int>(portion)).end;
      for (; next != end && *next < last; ++next) {
        rows_to_send_.push_back(static_cast<LocalIndex>(*next - mine.begin));
        ++count_in(send_counts_, receiver, portion);
      }
    }
  }
}

Index ExchangePlan::sent_rows() const {
  Index rows = static_cast<Index>(rows_to_send_.size());
  for (Index portion = 0; portion < portions_; ++portion) rows -= count_in(send_counts_, rank_, portion);
  return rows;
}

Exchange ExchangePlan::open(const Communicator& comm, MatrixView gathered) const {
  // One element is one row, padding included. Needed rows ascend, and owners own ascending ranges: what one owner sends
  // is one block of the gathered matrix.
  const auto row_bytes = static_cast<std::size_t>(gathered.stride) * sizeof(float);
  Exchange exchange(comm.transfer(row_bytes, factor_rows_tag), gathered);
  Index place = 0;
  for (Index owner = 0; owner < ranks_; ++owner) {
    for (Index portion = 0; portion < portions_; ++portion) {
      const Index rows = count_in(receive_counts_, owner, portion);
      if (owner != rank_) exchange.transfer_.receive(gathered.row(place), rows, static_cast<int>(owner));
      place += rows;
    }
  }
  return exchange;
}

void ExchangePlan::send(Exchange& exchange, ConstMatrixView local, Index portion) const {
  const auto row_bytes = static_cast<std::size_t>(local.stride) * sizeof(float);
  Index sent = 0;
  for (Index receiver = 0; receiver < ranks_; ++receiver) {
    if (receiver != rank_) sent += count_in(send_counts_, receiver, portion);
  }
  Matrix& packed = exchange.packed_.emplace_back(sent, local.stride);
  Index packed_row = 0;
  Index next = 0;
  for (Index receiver = 0; receiver < ranks_; ++receiver) {
    Index before = 0;  // of this receiver's rows, in earlier portions
    Index all = 0;
    for (Index p = 0; p < portions_; ++p) {
      if (p < portion) before += count_in(send_counts_, receiver, p);
      all += count_in(send_counts_, receiver, p);
    }
    const Index rows = count_in(send_counts_, receiver, portion);
    float* const target = receiver == rank_ ? exchange.gathered_.row(own_place_ + before) : packed.row(packed_row);
    for (Index r = 0; r < rows; ++r) {
      const LocalIndex row = rows_to_send_[static_cast<std::size_t>(next + before + r)];
      std::memcpy(target + r * local.stride, local.row(row), row_bytes);
    }
    if (receiver != rank_) {
      exchange.transfer_.send(target, rows, static_cast<int>(receiver));
      packed_row += rows;
    }
    next += all;
  }
}

Exchange ExchangePlan::start(const Communicator& comm, ConstMatrixView local, MatrixView gathered) const {
  Exchange exchange = open(comm, gathered);
  for (Index portion = 0; portion < portions_; ++portion) send(exchange, local, portion);
  return exchange;
}

}  // namespace rankwise
