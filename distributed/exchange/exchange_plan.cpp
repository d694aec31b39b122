#include "distributed/exchange/exchange_plan.hpp"

#include <algorithm>
#include <cstring>

#include "distributed/threads/team_size.hpp"
#include "kernels/base/bfloat16.hpp"

namespace rankwise {

namespace {
constexpr int factor_rows_tag = 23;

/// Memory of so many bytes.
Matrix lines_of(Index bytes) {
  const Index line_bytes = line_floats * static_cast<Index>(sizeof(float));
  return {(bytes + line_bytes - 1) / line_bytes, line_floats};
}

/// A row as it travels.
void pack(RowFormat format, const float* row, Index stride, char* packed) {
  if (format == RowFormat::bfloat16) {
    kernels::pack_bfloat16(row, stride, reinterpret_cast<std::uint16_t*>(packed));
  } else {
    std::memcpy(packed, row, static_cast<std::size_t>(stride) * sizeof(float));
  }
}

/// A row as it would arrive.
void copy_as_received(RowFormat format, const float* row, Index stride, float* target) {
  if (format == RowFormat::bfloat16) {
    kernels::round_to_bfloat16(row, stride, target);
  } else {
    std::copy_n(row, stride, target);
  }
}
}  // namespace

Exchange::Exchange(Transfer transfer, MatrixView gathered, RowFormat format, const std::vector<Block>& blocks)
    : transfer_(std::move(transfer)), gathered_(gathered), format_(format), blocks_(blocks) {
  for (const Block& block : blocks_) transfer_.receive(arrival(block), block.rows, block.owner);
}

char* Exchange::arrival(const Block& block) const {
  const Index floats = block.rows * gathered_.stride;
  const Index skipped =
      floats * static_cast<Index>(sizeof(float)) - block.rows * travel_bytes(format_, gathered_.stride);
  return reinterpret_cast<char*>(gathered_.row(block.place)) + skipped;
}

void Exchange::wait() {
  transfer_.wait();
  packed_.clear();
  if (format_ == RowFormat::float32) return;
  const int threads = team_size(static_cast<double>(gathered_.rows) * static_cast<double>(gathered_.stride));
#pragma omp parallel for schedule(dynamic) num_threads(threads)
  for (const Block& block : blocks_) {
    kernels::unpack_bfloat16(reinterpret_cast<const std::uint16_t*>(arrival(block)), block.rows * gathered_.stride,
                             gathered_.row(block.place));
  }
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

Exchange ExchangePlan::open(const Communicator& comm, MatrixView gathered, RowFormat format) const {
  // One element is one row, padding included. Needed rows ascend, and owners own ascending ranges: what one owner sends
  // is one block of the gathered matrix.
  const auto row_bytes = static_cast<std::size_t>(travel_bytes(format, gathered.stride));
  return {comm.transfer(row_bytes, factor_rows_tag), gathered, format, receives_};
}

void ExchangePlan::send(Exchange& exchange, ConstMatrixView local, Index portion) const {
  const Index row_bytes = travel_bytes(exchange.format_, local.stride);
  Index sent = 0;
  for (Index receiver = 0; receiver < ranks_; ++receiver) {
    if (receiver != rank_) sent += send_count(receiver, portion);
  }
  char* next_packed = reinterpret_cast<char*>(exchange.packed_.emplace_back(lines_of(sent * row_bytes)).row(0));
  Index next = 0;
  for (Index receiver = 0; receiver < ranks_; ++receiver) {
    Index before = 0;  // of this receiver's rows, in earlier portions
    Index all = 0;
    for (Index p = 0; p < portions_; ++p) {
      if (p < portion) before += send_count(receiver, p);
      all += send_count(receiver, p);
    }
    const Index rows = send_count(receiver, portion);
    const auto wanted =
        std::span(rows_to_send_).subspan(static_cast<std::size_t>(next + before), static_cast<std::size_t>(rows));
    if (receiver == rank_) {
      for (std::size_t r = 0; r < wanted.size(); ++r) {
        float* const target = exchange.gathered_.row(own_place_ + before + static_cast<Index>(r));
        copy_as_received(exchange.format_, local.row(wanted[r]), local.stride, target);
      }
    } else {
      for (std::size_t r = 0; r < wanted.size(); ++r) {
        pack(exchange.format_, local.row(wanted[r]), local.stride, next_packed + static_cast<Index>(r) * row_bytes);
      }
      exchange.transfer_.send(next_packed, rows, static_cast<int>(receiver));
      next_packed += rows * row_bytes;
    }
    next += all;
  }
}

Exchange ExchangePlan::start(const Communicator& comm, ConstMatrixView local, MatrixView gathered,
                             RowFormat format) const {
  Exchange exchange = open(comm, gathered, format);
  for (Index portion = 0; portion < portions_; ++portion) send(exchange, local, portion);
  return exchange;
}

}  // namespace rankwise
