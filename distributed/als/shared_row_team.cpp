#include "distributed/als/shared_row_team.hpp"

#include <algorithm>
#include <limits>

#include "distributed/threads/team_size.hpp"

namespace rankwise {

namespace {

constexpr int sums_tag = 41;
constexpr int solutions_tag = 43;
constexpr int losses_tag = 47;

std::size_t square_bytes(Index padded_width) {
  return static_cast<std::size_t>((padded_width + 1) * padded_width) * sizeof(float);
}

}  // namespace

SharedRowTeam::SharedRowTeam(const Communicator& comm, const TrainingSide& side, Index width)
    : comm_(comm),
      side_(side),
      padded_width_(padded_columns(width)),
      first_of_rows_{0},
      sums_(comm.transfer(square_bytes(padded_width_), sums_tag)) {
  list_runs();
  sums_here_ = Matrix(static_cast<Index>(side.parts.size()) * (padded_width_ + 1), padded_width_);
  sums_of_rows_ = Matrix(static_cast<Index>(first_of_rows_.back()) * (padded_width_ + 1), padded_width_);
  for (const Run& run : runs_of_rows_) {
    sums_.receive(sum_at(sums_of_rows_, run.first).data, run.parts, run.other_end);
  }
}

void SharedRowTeam::list_runs() {
  for (std::size_t p = 0; p < side_.parts.size(); ++p) {
    const SharedPart& part = side_.parts[p];
    const bool follows = p > 0 && side_.parts[p - 1].row == part.row && side_.parts[p - 1].part + 1 == part.part;
    if (!follows) runs_here_.push_back({side_.partition.owner(part.row), p, 0, 0});
    ++runs_here_.back().parts;
  }
  for (std::size_t r = 0; r < side_.own_shared.size(); ++r) {
    const std::vector<int>& ranks = side_.own_shared[r].ranks;
    for (std::size_t p = 0; p < ranks.size(); ++p) {
      if (p == 0 || ranks[p] != ranks[p - 1]) runs_of_rows_.push_back({ranks[p], first_of_rows_.back() + p, 0, r});
      ++runs_of_rows_.back().parts;
    }
    first_of_rows_.push_back(first_of_rows_.back() + ranks.size());
  }
}

MatrixView SharedRowTeam::sum_at(Matrix& sums, std::size_t place) const {
  return sums.view().middle_rows(static_cast<Index>(place) * (padded_width_ + 1), padded_width_ + 1);
}

void SharedRowTeam::sum_parts(const kernels::RowSystem& system, const SideBatch& batch,
                              kernels::RowWorkspace& workspace, const std::function<void()>& poll) {
#pragma omp for schedule(dynamic)
  for (Index p = 0; p < batch.part_block.rows(); ++p) {
    const auto place = static_cast<std::size_t>(batch.parts.begin + p);
    const bool more = p + 1 < batch.part_block.rows();
    const auto upcoming = more ? batch.part_block.row(p + 1).columns : std::span<const LocalIndex>();
    kernels::accumulate_part(system, batch.part_block.row(p),
                             side_.parts[place].part == 0 ? system.base : ConstMatrixView(), upcoming, workspace,
                             sum_at(sums_here_, place));
    poll();
  }
}

void SharedRowTeam::send_sums() {
  are_sums_sent_ = true;
  for (const Run& run : runs_here_) {
    sums_.send(sum_at(sums_here_, run.first).data, run.parts, run.other_end);
    count_sent(run, run.parts * static_cast<Index>(square_bytes(padded_width_)));
  }
}

void SharedRowTeam::abandon() {
  if (!are_sums_sent_) send_sums();
  sums_.wait();
}

Index SharedRowTeam::solve(const kernels::RowSystem& system, const SideBatch& batch, ConstMatrixView prior,
                           RowTeam& team, MatrixView solution, std::span<kernels::RowLoss> losses) {
  if (runs_here_.empty() && runs_of_rows_.empty()) return -1;
  sums_.wait();
  const Index failed_row = solve_own_rows(system, prior, team, solution, losses);
  if (!system.objective.has_closed_loss()) complete_losses(system, batch, solution, losses);
  return failed_row;
}

Index SharedRowTeam::solve_own_rows(const kernels::RowSystem& system, ConstMatrixView prior, RowTeam& team,
                                    MatrixView solution, std::span<kernels::RowLoss> losses) {
  constexpr Index none = std::numeric_limits<Index>::max();
  Index failed = none;
  const Index width = solution.columns;
  const auto rows = static_cast<double>(side_.own_shared.size());
  const int threads = team_size(rows * kernels::solve_row_flops(1, width));
#pragma omp parallel reduction(min : failed) num_threads(threads)
  {
    kernels::RowWorkspace& workspace = team.workspace();
    std::vector<ConstMatrixView> parts;
#pragma omp for schedule(dynamic)
    for (std::size_t r = 0; r < side_.own_shared.size(); ++r) {
      const OwnSharedRow& own = side_.own_shared[r];
      parts.clear();
      for (std::size_t p = first_of_rows_[r]; p < first_of_rows_[r + 1]; ++p) {
        parts.emplace_back(sum_at(sums_of_rows_, p));
      }
      kernels::PartedRow parted = own.parted;
      if (prior.rows > 0) parted.prior = prior.row(own.row);
      if (!kernels::solve_parts(system, parted, parts, workspace, solution.row(own.row),
                                losses[static_cast<std::size_t>(own.row)])) {
        failed = std::min(failed, own.row);
      }
    }
  }
  return failed == none ? -1 : failed;
}

void SharedRowTeam::complete_losses(const kernels::RowSystem& system, const SideBatch& batch, ConstMatrixView solution,
                                    std::span<kernels::RowLoss> losses) {
  // 1. Solutions to those who have the entries.
  Matrix solutions(static_cast<Index>(runs_here_.size()), padded_width_);
  Transfer out = comm_.transfer(static_cast<std::size_t>(padded_width_) * sizeof(float), solutions_tag);
  for (std::size_t run = 0; run < runs_here_.size(); ++run) {
    out.receive(solutions.row(static_cast<Index>(run)), 1, runs_here_[run].other_end);
  }
  for (const Run& run : runs_of_rows_) {
    out.send(solution.row(side_.own_shared[run.row].row), 1, run.other_end);
    count_sent(run, padded_width_ * static_cast<Index>(sizeof(float)));
  }
  out.wait();
  // 2. Their losses.
  std::vector<kernels::RowLoss> here(side_.parts.size());
  const auto entries = static_cast<double>(batch.part_block.entries());
  const int threads = team_size(entries * static_cast<double>(solution.columns));
#pragma omp parallel for schedule(dynamic) num_threads(threads)
  for (std::size_t r = 0; r < runs_here_.size(); ++r) {
    const Run& run = runs_here_[r];
    for (Index p = 0; p < run.parts; ++p) {
      const std::size_t place = run.first + static_cast<std::size_t>(p);
      here[place] = kernels::part_loss(system, batch.part_block.row(static_cast<Index>(place)),
                                       solutions.row(static_cast<Index>(r)));
    }
  }
  // 3. Back to the owners, who add them in order.
  std::vector<kernels::RowLoss> of_rows(first_of_rows_.back());
  Transfer back = comm_.transfer(sizeof(kernels::RowLoss), losses_tag);
  for (const Run& run : runs_of_rows_) back.receive(&of_rows[run.first], run.parts, run.other_end);
  for (const Run& run : runs_here_) {
    back.send(&here[run.first], run.parts, run.other_end);
    count_sent(run, run.parts * static_cast<Index>(sizeof(kernels::RowLoss)));
  }
  back.wait();
  for (std::size_t r = 0; r < side_.own_shared.size(); ++r) {
    kernels::RowLoss& loss = losses[static_cast<std::size_t>(side_.own_shared[r].row)];
    for (std::size_t p = first_of_rows_[r]; p < first_of_rows_[r + 1]; ++p) loss.add_observed(of_rows[p]);
  }
}

}  // namespace rankwise
