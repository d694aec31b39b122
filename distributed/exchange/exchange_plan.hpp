#pragma once
// Who needs which rows of the other side: built once from the sparsity, used by every half-sweep.
//
//            BEFORE open()                          AFTER wait() of all ranks of the node
//  rank p    its own rows of the other side          a gathered matrix of the node, with one row per row that some rank
//            (partition.range(p))                    of it needs, ascending by global row: its ranks' own, copied, and
//                                                    those of all other owners, each received once, by one of its ranks
//
// Between the two every rank sends its rows in portions, as soon as it has them. Where every rank is for itself, as in
// NodeMap::alone, a gathered matrix is one rank's.

#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/comm/messages.hpp"
#include "distributed/exchange/node_map.hpp"
#include "distributed/rows/partition.hpp"
#include "kernels/base/matrix.hpp"

namespace rankwise {

/// What travels, and so what a rank sees of the other side's rows, its own among them: all of each float, or its upper
/// half, rounded (kernels/base/bfloat16.hpp). Factors themselves stay floats.
enum class RowFormat { float32, bfloat16 };

/// Bytes of a row of `stride` floats on its way.
[[nodiscard]] constexpr Index travel_bytes(RowFormat format, Index stride) {
  return stride * (format == RowFormat::bfloat16 ? 2 : 4);
}

/// A transfer under way. Move-only; wait() completes it. The gathered matrix must outlive it.
class Exchange {
 public:
  Exchange(Exchange&&) noexcept = default;
  Exchange& operator=(Exchange&&) noexcept = default;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  /// Lets rows travel; to be called often by the thread that calls MPI, as nothing moves by itself.
  void progress() { transfer_.progress(); }
  /// Completes the transfer, all portions of which have been sent; collective in effect.
  void wait();

 private:
  friend class ExchangePlan;
  /// Consecutive rows of the gathered matrix that come from one owner in one portion.
  struct Block {
    int owner;
    Index place;
    Index rows;
  };
  Exchange(Transfer transfer, MatrixView gathered, RowFormat format, const std::vector<Block>& blocks);
  /// Where a block arrives: in what it is to fill, whose upper half a bfloat16 block takes.
  [[nodiscard]] char* arrival(const Block& block) const;

  Transfer transfer_;
  MatrixView gathered_;
  RowFormat format_;
  std::vector<Block> blocks_;
  std::vector<Matrix> packed_;  ///< of each portion: its bytes, in lines
};

/// The sparsity-aware exchange of factor rows: each needed row travels once, and only to nodes that need it.
class ExchangePlan {
 public:
  /// `needed`: the global rows of the other side that this rank's node reads, ascending without repetition, the same on
  /// all of its ranks. Rows are sent in the portions that `owners` has. Collective over comm.
  ExchangePlan(const Communicator& comm, const NodeMap& nodes, const Partition& owners, std::span<const Index> needed);

  /// Rows of the gathered matrix.
  [[nodiscard]] Index needed_rows() const { return needed_rows_; }
  /// Rows that this rank sends to other nodes per exchange: the least for this partition, as each row goes once to each
  /// that needs it.
  [[nodiscard]] Index sent_rows() const;
  [[nodiscard]] Index portions() const { return portions_; }

  /// Makes ready to receive into `gathered`, which has needed_rows() rows and is the same memory for all of the node.
  /// Every rank names the same format.
  [[nodiscard]] Exchange open(const Communicator& comm, MatrixView gathered, RowFormat format) const;
  /// Sends a portion of this rank's rows to the nodes that need them; its own gets a copy. `local` holds all of them
  /// (partition.range(rank)), with the stride of the gathered matrix; what other portions hold does not matter. Each
  /// portion once, in order.
  void send(Exchange& exchange, ConstMatrixView local, Index portion) const;
  /// Both at once, for rows that are there already. Collective over comm.
  [[nodiscard]] Exchange start(const Communicator& comm, ConstMatrixView local, MatrixView gathered,
                               RowFormat format = RowFormat::float32) const;

 private:
  [[nodiscard]] Index& send_count(Index receiver, Index portion) {
    return send_counts_[static_cast<std::size_t>(receiver * portions_ + portion)];
  }
  [[nodiscard]] Index send_count(Index receiver, Index portion) const {
    return send_counts_[static_cast<std::size_t>(receiver * portions_ + portion)];
  }
  Index ranks_;
  Index rank_;
  Index portions_;
  Index needed_rows_;
  Index own_place_ = 0;                    // of this rank's own rows in the gathered matrix
  std::vector<Exchange::Block> receives_;  // by owner and portion
  std::vector<LocalIndex> rows_to_send_;   // local rows, by receiver, ascending
  std::vector<Index> send_counts_;         // by receiver and portion
};

}  // namespace rankwise
