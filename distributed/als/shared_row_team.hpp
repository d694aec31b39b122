#pragma once
// Rows that ranks share, in one half-sweep: parts are summed where they are, added and solved by the rows' owners.
//
//   rank that sums parts                          owner of the row
//   sum_parts() of its batches
//   send_sums() when all are summed         ->    solve(): adds the sums in order, solves
//   solve(): losses of its parts            <-    solutions, where the loss takes a pass over the entries
//                                           ->    adds the losses in order

#include <functional>
#include <span>
#include <vector>

#include "distributed/als/row_team.hpp"
#include "distributed/als/training_side.hpp"
#include "distributed/comm/communicator.hpp"
#include "kernels/als/row_system.hpp"

namespace rankwise {

class SharedRowTeam {
 public:
  /// Makes ready to receive sums of `side`'s own shared rows. `side` and `comm` must outlive it.
  SharedRowTeam(const Communicator& comm, const TrainingSide& side, Index width);

  /// Bytes that this rank has sent to others.
  [[nodiscard]] Index bytes_sent() const { return bytes_sent_; }
  [[nodiscard]] bool owns_rows() const { return !side_.own_shared.empty(); }

  /// Sums a batch's parts. Every thread of an OpenMP team must call it, each with its own workspace; threads call
  /// `poll` between parts.
  void sum_parts(const kernels::RowSystem& system, const SideBatch& batch, kernels::RowWorkspace& workspace,
                 const std::function<void()>& poll);
  /// Sends what this rank has summed; by the thread that calls MPI, once all batches with parts are done.
  void send_sums();
  void progress() { sums_.progress(); }
  /// Completes the exchange of sums, whether they are summed or not: no use is made of them.
  void abandon();

  /// Solves the rows that this rank owns and completes the losses of all; `system` and `batch` are the last batch's,
  /// `prior` is of all of this rank's rows (AlsFactors::prior). Returns the lowest local row without a finite solution,
  /// or -1. Collective in effect.
  Index solve(const kernels::RowSystem& system, const SideBatch& batch, ConstMatrixView prior, RowTeam& team,
              MatrixView solution, std::span<kernels::RowLoss> losses);

 private:
  /// Consecutive parts of a row that one rank sums: one message.
  struct Run {
    int other_end = 0;
    std::size_t first = 0;  ///< place of its first part among this rank's, or among all of this rank's own rows
    Index parts = 0;
    std::size_t row = 0;  ///< in TrainingSide::own_shared; of own rows
  };
  void list_runs();
  void count_sent(const Run& run, Index bytes) { bytes_sent_ += run.other_end == comm_.rank() ? 0 : bytes; }
  [[nodiscard]] MatrixView sum_at(Matrix& sums, std::size_t place) const;
  Index solve_own_rows(const kernels::RowSystem& system, ConstMatrixView prior, RowTeam& team, MatrixView solution,
                       std::span<kernels::RowLoss> losses);
  void complete_losses(const kernels::RowSystem& system, const SideBatch& batch, ConstMatrixView solution,
                       std::span<kernels::RowLoss> losses);

  const Communicator& comm_;
  const TrainingSide& side_;
  Index padded_width_;
  std::vector<Run> runs_here_;              // of the parts that this rank sums
  std::vector<Run> runs_of_rows_;           // of this rank's own rows
  std::vector<std::size_t> first_of_rows_;  // places of own rows' first parts, and the end of the last
  Matrix sums_here_;                        // padded_width + 1 rows of padded_width for each part
  Matrix sums_of_rows_;
  Transfer sums_;
  bool are_sums_sent_ = false;
  Index bytes_sent_ = 0;
};

}  // namespace rankwise
