#include "distributed/als/half_sweep.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "distributed/als/heavy_rows.hpp"
#include "distributed/als/row_schedule.hpp"
#include "distributed/als/row_team.hpp"
#include "distributed/als/shared_row_team.hpp"
#include "distributed/comm/order_free_sum.hpp"
#include "distributed/threads/team_size.hpp"
#include "kernels/als/solve_rows.hpp"
#include "kernels/dense/eigenbasis.hpp"
#include "kernels/dense/rotate_rows.hpp"

namespace rankwise {

namespace {

double order_free_total(const Communicator& comm, const std::vector<kernels::RowLoss>& losses,
                        double kernels::RowLoss::*part) {
  std::vector<double> terms(losses.size());
  std::ranges::transform(losses, terms.begin(), [part](const kernels::RowLoss& loss) { return loss.*part; });
  return order_free_sum(comm, terms);
}

/// Gives one of a side's buffers the size that is wanted, where it is too small. Collective where nodes share.
MatrixView sized(const Communicator& comm, const TrainingSide& side, SharedMatrix& buffer, Index rows, Index columns) {
  if (buffer.rows() < rows || buffer.columns() != columns) {
    buffer = {};  // before the larger one is there
    buffer = SharedMatrix(comm, *side.nodes, rows, columns);
  }
  return buffer.view().middle_rows(0, rows);
}

/// Calls body(first, count) for each chunk of `rows` rows, which it multiplies by a square matrix, in parallel.
template <class Body>
void for_each_row_chunk(Index rows, Index width, const Body& body) {
  const int threads = team_size(static_cast<double>(rows * width) * static_cast<double>(width));
#pragma omp parallel for schedule(static) num_threads(threads)
  for (Index first = 0; first < rows; first += chunk_rows) body(first, std::min(chunk_rows, rows - first));
}

/// Rows in the basis, beside them as they were or in their place.
void rotate_beside(ConstMatrixView rows, ConstMatrixView basis, MatrixView rotated) {
  for_each_row_chunk(rows.rows, rows.columns, [&](Index first, Index count) {
    kernels::rotate_rows(rows.middle_rows(first, count), basis, rotated.middle_rows(first, count));
  });
}
void rotate_in_place(MatrixView rows, ConstMatrixView basis) {
  for_each_row_chunk(rows.rows, rows.columns, [&](Index first, Index count) {
    Matrix rotated(count, rows.columns);
    kernels::rotate_rows(rows.middle_rows(first, count), basis, rotated.view());
    std::copy_n(rotated.row(0), count * rows.stride, rows.row(first));
  });
}

/// The rows of the other side that a half-sweep's batches name, batch by batch: while one is solved those of the next
/// travel.
class Gatherer {
 public:
  Gatherer(const Communicator& comm, TrainingSide& side, ConstMatrixView other)
      : comm_(comm), side_(side), other_(other) {
    if (!side.incoming) start(0);
  }

  /// Completes the gathered matrix of batch `b`, then starts the next one's. Collective.
  MatrixView take(std::size_t b) {
    side_.incoming->wait();
    side_.incoming.reset();
    side_.gathered[b % 2].settle(*side_.nodes);
    if (b + 1 < side_.batches.size()) start(b + 1);
    return gathered(b);
  }

  void progress() {
    if (side_.incoming) side_.incoming->progress();
  }

 private:
  MatrixView gathered(std::size_t b) {
    const MatrixView buffer =
        sized(comm_, side_, side_.gathered[b % 2], side_.most_gathered_rows(b % 2), other_.columns);
    return buffer.middle_rows(0, side_.batches[b].gathered_rows());
  }

  void start(std::size_t b) {
    const SideBatch& batch = side_.batches[b];
    const MatrixView rows = gathered(b);
    const auto kept = static_cast<Index>(batch.kept.size());
    for (Index r = 0; r < kept; ++r) {
      std::copy_n(side_.gathered[(b + 1) % 2].row(batch.kept[static_cast<std::size_t>(r)]), rows.stride, rows.row(r));
    }
    side_.incoming = batch.plan.start(comm_, other_, rows.middle_rows(kept, rows.rows - kept), side_.format);
  }

  const Communicator& comm_;
  TrainingSide& side_;
  ConstMatrixView other_;
};

/// The rows that a half-sweep solves, sent to the side that comes next while the others are solved. Both sides must be
/// whole; else that side gathers them itself.
class Feed {
 public:
  Feed(const Communicator& comm, const TrainingSide& side, TrainingSide* next, Index width)
      : next_(next), rank_(comm.rank()), partition_(side.partition) {
    if (next == nullptr || !side.is_whole() || !next->is_whole()) {
      next_ = nullptr;
      return;
    }
    const ExchangePlan& plan = next->batches.front().plan;
    next->incoming = plan.open(comm, sized(comm, *next, next->gathered[0], plan.needed_rows(), width), next->format);
  }
  /// Portions in which a batch's rows are to be solved.
  [[nodiscard]] Index portions() const { return next_ == nullptr ? 1 : partition_.portions(); }
  [[nodiscard]] RowRange portion(const SideBatch& batch, Index portion) const {
    if (next_ == nullptr) return {0, batch.rows.size()};
    const RowRange rows = partition_.portion(rank_, static_cast<int>(portion));
    const Index first = partition_.range(rank_).begin;
    return {rows.begin - first, rows.end - first};
  }
  void send(ConstMatrixView mine, Index portion) {
    if (next_ != nullptr) next_->batches.front().plan.send(*next_->incoming, mine, portion);
  }
  void progress() {
    if (next_ != nullptr) next_->incoming->progress();
  }

 private:
  TrainingSide* next_;
  int rank_;
  const Partition& partition_;
};

/// The basis in which the other side's Gramian is diagonal, where the solver wants it. Every rank decomposes the same
/// Gramian to the same bits.
std::optional<kernels::Eigenbasis> basis_for(const SolverPlan& plan, ConstMatrixView gramian, Index width) {
  const auto* exact = std::get_if<kernels::ExactRows>(&plan);
  const bool wanted =
      exact != nullptr ? exact->longest_dual_row > 0 : std::holds_alternative<kernels::ConjugateGradients>(plan);
  if (gramian.rows == 0 || !wanted) return std::nullopt;
  return kernels::eigenbasis(gramian, width);
}

/// Whether a batch's rows are needed in the basis beside those that are gathered.
bool is_rotated_beside(const SolverPlan& plan, const SideBatch& batch) {
  const auto* exact = std::get_if<kernels::ExactRows>(&plan);
  return exact != nullptr && batch.shortest_row <= exact->longest_dual_row;
}

/// What a batch's kernels need of its gathered rows: for conjugate gradients those rows in the basis, for exact
/// solutions also as they are. Ranks that share the rows rotate a part each. Collective where they do.
kernels::RowSystem make_row_system(const Communicator& comm, const Objective& objective, const SolverPlan& plan,
                                   ConstMatrixView gramian, const std::optional<kernels::Eigenbasis>& basis,
                                   MatrixView gathered, const SideBatch& batch, TrainingSide& side) {
  const auto* exact = std::get_if<kernels::ExactRows>(&plan);
  kernels::RowSystem system{objective, gathered, gramian, side.opposite_rows};
  if (exact != nullptr) system.dual = {exact->longest_dual_row, gathered};
  if (!basis) return system;
  system.basis = {basis->values.data(), basis->vectors.view(), basis->transposed.view()};
  const RowRange mine = side.nodes->share(gathered.rows);
  const MatrixView my_rows = gathered.middle_rows(mine.begin, mine.size());
  if (exact != nullptr) {
    if (!is_rotated_beside(plan, batch)) return system;
    const MatrixView rotated = sized(comm, side, side.rotated, gathered.rows, gathered.columns);
    rotate_beside(my_rows, basis->vectors.view(), rotated.middle_rows(mine.begin, mine.size()));
    side.rotated.settle(*side.nodes);
    system.dual.rotated = rotated;
  } else {
    rotate_in_place(my_rows, basis->vectors.view());  // the next batch has copied what it keeps
    side.gathered[0].settle(*side.nodes);
  }
  return system;
}

/// Room for such rows of any batch: a node that has none for them says so here. Collective where nodes share.
void reserve_rotated(const Communicator& comm, const SolverPlan& plan, TrainingSide& side, Index width) {
  std::optional<Index> most;
  for (const SideBatch& batch : side.batches) {
    if (is_rotated_beside(plan, batch)) most = std::max(most.value_or(0), batch.gathered_rows());
  }
  if (most) (void)sized(comm, side, side.rotated, *most, width);
}

/// What some rows of a block take at least, as team_size() counts it: iterative methods take the least.
double least_operations(const SolverPlan& plan, const CsrBlock& block, RowRange rows, Index width) {
  if (rows.size() == 0) return 0;
  const Index entries =
      block.offsets()[static_cast<std::size_t>(rows.end)] - block.offsets()[static_cast<std::size_t>(rows.begin)];
  if (std::holds_alternative<kernels::ExactRows>(plan)) {
    return kernels::entry_flops(entries, width) + static_cast<double>(rows.size()) * kernels::solve_row_flops(1, width);
  }
  const auto k = static_cast<double>(width);
  return k * (static_cast<double>(entries) + k * static_cast<double>(rows.size()));
}

/// Primal-equivalent, without the Gramian.
double half_sweep_flops(const TrainingSide& side, Index width) {
  double flops = 0;
  for (const SideBatch& batch : side.batches) {
    for (Index r = 0; r < batch.block.rows(); ++r) flops += kernels::solve_row_flops(batch.block.row_size(r), width);
    for (Index p = 0; p < batch.part_block.rows(); ++p) {
      flops += kernels::entry_flops(batch.part_block.row_size(p), width);
    }
  }
  for (const OwnSharedRow& row : side.own_shared) {
    const Index entries = row.parted.entries;
    flops += kernels::solve_row_flops(entries, width) - kernels::entry_flops(entries, width);
  }
  return flops;
}

double gramian_flops(Index rows, Index width) {
  return static_cast<double>(rows) * static_cast<double>(width) * static_cast<double>(width + 1);
}

}  // namespace

AlsFactors with_gramian(const Communicator& comm, const Objective& objective, FactorMatrix factors) {
  AlsFactors result{std::move(factors), Matrix()};
  if (objective.loss == LossKind::implicit_feedback) {
    result.gramian = scaled_gramian(comm, result.factors, objective.unobserved_weight);
  }
  return result;
}

HalfSweep half_sweep(const Communicator& comm, const Objective& objective, const SolverPlan& plan, TrainingSide& side,
                     const AlsFactors& other, AlsFactors& mine, TrainingSide* next, const SweepHooks& hooks) {
  const Index width = other.factors.local.columns();
  const ConstMatrixView gramian = other.gramian.view();
  const MatrixView solution = mine.factors.local.view();
  const ConstMatrixView prior = std::as_const(mine.prior).view();
  std::vector<kernels::RowLoss> losses(static_cast<std::size_t>(solution.rows));
  Gatherer gatherer(comm, side, other.factors.local.view());
  const std::optional<kernels::Eigenbasis> basis = basis_for(plan, gramian, width);
  if (basis) reserve_rotated(comm, plan, side, width);  // before `next` waits for rows
  Feed feed(comm, side, next, width);
  SharedRowTeam shared(comm, side, width);
  RowTeam team(width, [&] {
    gatherer.progress();
    feed.progress();
    shared.progress();
    hooks.meanwhile();
  });
  HalfSweep sweep;
  constexpr Index none = std::numeric_limits<Index>::max();
  Index failed_row = none;
  for (std::size_t b = 0; b < side.batches.size(); ++b) {
    // 1. The rows of the other side that this batch names.
    const SideBatch& batch = side.batches[b];
    const Index first = batch.rows.begin;
    const MatrixView gathered = gatherer.take(b);
    kernels::RowSystem system = make_row_system(comm, objective, plan, gramian, basis, gathered, batch, side);
    if (mine.prior.rows() > 0) system.prior = prior.middle_rows(first, batch.rows.size());
    const MatrixView solved = solution.middle_rows(first, batch.rows.size());
    const auto batch_losses =
        std::span(losses).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(batch.rows.size()));
    // 2. Sum this rank's parts of rows that ranks share.
    if (batch.part_block.rows() > 0) {
      const int threads = team_size(kernels::entry_flops(batch.part_block.entries(), width));
#pragma omp parallel num_threads(threads)
      shared.sum_parts(system, batch, team.workspace(), [&team] { team.poll(); });
      team.rethrow();
      if (batch.parts.end == static_cast<Index>(side.parts.size())) shared.send_sums();
    }
    // 3. Solve this rank's rows, heavy ones by the whole team of threads, the others some at a time; those of a portion
    // are on their way as soon as it is done.
    for (Index portion = 0; portion < feed.portions(); ++portion) {
      const RowRange rows = feed.portion(batch, portion);
      const int threads = team_size(least_operations(plan, batch.block, rows, width));
      HeavyRowTeam heavy(plan, batch.block, rows, width, threads);
      const std::vector<RowRange> row_batches = batch_rows(batch.block, rows, kernels::longest_batch_row(plan, width));
      Index failed = none;
#pragma omp parallel reduction(min : failed) num_threads(threads)
      {
        const auto note_failure = [&failed](Index row) {
          if (row >= 0) failed = std::min(failed, row);
        };
        kernels::RowWorkspace& workspace = team.workspace();
        note_failure(heavy.solve(system, batch.block, workspace, solved, batch_losses, [&team] { team.poll(); }));
#pragma omp for schedule(dynamic)
        for (const RowRange& some : row_batches) {
          note_failure(kernels::solve_rows(plan, system, batch.block, some, workspace, solved, batch_losses));
          team.poll();
        }
      }
      team.rethrow();
      if (failed != none) failed_row = std::min(failed_row, side.partition.range(comm.rank()).begin + first + failed);
      if (!shared.owns_rows()) feed.send(solution, portion);
    }
    // 4. The rows that ranks share, once all their parts are summed. Before that, the run may have to stop.
    if (b + 1 < side.batches.size() && !hooks.goes_on()) {
      shared.abandon();
      sweep.was_stopped = true;
      return sweep;
    }
    if (b + 1 == side.batches.size()) {
      const Index failed = shared.solve(system, batch, prior, team, solution, losses);
      if (failed >= 0) failed_row = std::min(failed_row, side.partition.range(comm.rank()).begin + failed);
      for (Index portion = 0; shared.owns_rows() && portion < feed.portions(); ++portion) feed.send(solution, portion);
    }
  }
  sweep.tally = team.tally();
  sweep.flops = half_sweep_flops(side, width);
  sweep.bytes_sent = side.sent_row_bytes(solution.stride) + shared.bytes_sent();
  failed_row = comm.min(failed_row);
  if (failed_row != none) {
    sweep.failed_row = failed_row;
    return sweep;
  }

  // 5. What the other side and the loss need of the new rows.
  Matrix kept_prior = std::move(mine.prior);
  mine = with_gramian(comm, objective, std::move(mine.factors));
  mine.prior = std::move(kept_prior);
  sweep.observed = order_free_total(comm, losses, &kernels::RowLoss::observed);
  sweep.observed_squares = order_free_total(comm, losses, &kernels::RowLoss::observed_squares);
  sweep.regularizer = order_free_total(comm, losses, &kernels::RowLoss::regularizer);
  if (objective.loss == LossKind::implicit_feedback) sweep.flops += gramian_flops(solution.rows, width);
  return sweep;
}

double unobserved_loss(const Objective& objective, const HalfSweep& last, const AlsFactors& users,
                       const AlsFactors& items) {
  if (objective.loss == LossKind::explicit_feedback || objective.unobserved_weight == 0) return 0;
  // Both Gramians carry alpha0, so their product carries it twice.
  const double all_pairs =
      symmetric_inner_product(users.gramian.view(), items.gramian.view(), users.factors.local.columns()) /
      objective.unobserved_weight;
  return all_pairs - static_cast<double>(objective.weight_shift()) * last.observed_squares;
}

}  // namespace rankwise
