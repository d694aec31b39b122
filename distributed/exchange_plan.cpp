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

ExchangePlan::ExchangePlan(const Communicator& comm, const NodeMap& nodes, const Partition& owners,
                           std::span<const Index> needed)
    : ranks_(comm.size()),
      rank_(comm.rank()),
      portions_(owners.portions()),
      needed_rows_(static_cast<Index>(needed.size())),
      send_counts_(static_cast<std::size_t>(ranks_ * portions_)) {
  // 1. Of this rank's node it receives what comes from some of the other nodes' owners, and copies its own rows.
  const int node = nodes.node(comm.rank());
  std::vector<Index> wanted;
  std::vector<Index> wanted_of(static_cast<std::size_t>(ranks_));
  Index place = 0;
  for (int owner = 0; owner < comm.size(); ++owner) {
    const bool is_own = owner == comm.rank();
    const bool is_received = nodes.node(owner) != node && nodes.receiver(node, owner) == comm.rank();
    const Index first = place;
    for (int portion = 0; portion < owners.portions(); ++portion) {
      const Index end = owners.portion(owner, portion).end;
      const Index begin = place;
      place = std::ranges::lower_bound(needed.begin() + place, needed.end(), end) - needed.begin();
      if (is_received && place > begin) receives_.push_back({owner, begin, place - begin});
    }
    if (is_own) own_place_ = first;
    if (!is_own && !is_received) continue;
    wanted.insert(wanted.end(), needed.begin() + first, needed.begin() + place);
    wanted_of[static_cast<std::size_t>(owner)] = place - first;
  }
  // 2. Owners learn who wants what.
  const Exchanged<Index> requests = comm.exchange(std::span<const Index>(wanted), wanted_of);
  const RowRange mine = owners.range(comm.rank());
  rows_to_send_.reserve(requests.values.size());
  auto next = requests.values.begin();
  for (Index receiver = 0; receiver < ranks_; ++receiver) {
    const auto end = next + requests.counts[static_cast<std::size_t>(receiver)];
    for (Index portion = 0; portion < portions_; ++portion) {
      const Index last = owners.portion(comm.rank(), static_cast<int>(portion)).end;
      for (; next != end && *next < last; ++next) {
        rows_to_send_.push_back(static_cast<LocalIndex>(*next - mine.begin));
        ++send_count(receiver, portion);
      }
    }
  }
}

Index ExchangePlan::sent_rows() const {
  Index rows = static_cast<Index>(rows_to_send_.size());
  for (Index portion = 0; portion < portions_; ++portion) rows -= send_count(rank_, portion);
  return rows;
}

Exchange ExchangePlan::open(const Communicator& comm, MatrixView gathered) const {
  // One element is one row, padding included. Needed rows ascend, and owners own ascending ranges: what one owner sends
  // is one block of the gathered matrix.
  const auto row_bytes = static_cast<std::size_t>(gathered.stride) * sizeof(float);
  Exchange exchange(comm.transfer(row_bytes, factor_rows_tag), gathered);
  for (const Block& block : receives_) {
    exchange.transfer_.receive(gathered.row(block.place), block.rows, block.owner);
  }
  return exchange;
}

void ExchangePlan::send(Exchange& exchange, ConstMatrixView local, Index portion) const {
  const auto row_bytes = static_cast<std::size_t>(local.stride) * sizeof(float);
  Index sent = 0;
  for (Index receiver = 0; receiver < ranks_; ++receiver) {
    if (receiver != rank_) sent += send_count(receiver, portion);
  }
  Matrix& packed = exchange.packed_.emplace_back(sent, local.stride);
  Index packed_row = 0;
  Index next = 0;
  for (Index receiver = 0; receiver < ranks_; ++receiver) {
    Index before = 0;  // of this receiver's rows, in earlier portions
    Index all = 0;
    for (Index p = 0; p < portions_; ++p) {
      if (p < portion) before += send_count(receiver, p);
      all += send_count(receiver, p);
    }
    const Index rows = send_count(receiver, portion);
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
