#pragma once
// Who needs which rows of the other side: built once from the sparsity, used by every half-sweep.
//
//            BEFORE start()                         AFTER wait()
//  rank p    its own rows of the other side          a gathered matrix with one row per needed row, ascending by global
//  row:
//            (partition.range(p))                    its own and those of all owners, each received once

#include <span>
#include <utility>
#include <vector>

#include "distributed/communicator.hpp"
#include "distributed/messages.hpp"
#include "distributed/partition.hpp"
#include "kernels/matrix.hpp"

namespace rankwise {

class ExchangePlan;

/// A transfer under way. Move-only; wait() completes it. `local` and `gathered` of start() must outlive it.
class Exchange {
 public:
  Exchange(Exchange&&) noexcept = default;
  Exchange& operator=(Exchange&&) noexcept = default;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  /// Completes the transfer; collective in effect.
  void wait() { transfer_.wait(); }

 private:
  friend class ExchangePlan;
  Exchange(Transfer transfer, Matrix packed) : transfer_(std::move(transfer)), packed_(std::move(packed)) {}
  Transfer transfer_;
  Matrix packed_;
};

/// The sparsity-aware exchange of factor rows: each needed row travels once, and only to ranks that need it.
class ExchangePlan {
 public:
  /// `needed`: the global rows of the other side that this rank reads, ascending without repetition. Collective over
  /// comm.
  ExchangePlan(const Communicator& comm, const Partition& owners, std::span<const Index> needed);

  /// Rows of the gathered matrix.
  [[nodiscard]] Index needed_rows() const { return needed_rows_; }
  /// Rows that this rank sends to others per exchange: the least for this partition, as each row goes once to each that
  /// needs it.
  [[nodiscard]] Index sent_rows() const { return static_cast<Index>(rows_to_send_.size()) - kept_rows(); }

  /// Starts gathering: `local` holds this rank's rows (partition.range(rank)), `gathered` has needed_rows() rows of the
  /// same stride. Copies this rank's own needed rows at once. Collective over comm.
  [[nodiscard]] Exchange start(const Communicator& comm, ConstMatrixView local, MatrixView gathered) const;

 private:
  [[nodiscard]] Index kept_rows() const { return send_counts_[static_cast<std::size_t>(rank_)]; }
  int rank_;
  Index needed_rows_;
  std::vector<Index> receive_counts_;  // needed rows by owner
  std::vector<Index> rows_to_send_;    // local rows, by receiver
  std::vector<Index> send_counts_;
};

}  // namespace rankwise
