// GFLOP/s of every kernel and its share of the FMA peak, which is measured in the same process right before and after.
//
//   kernels_benchmark [--simd=avx512|avx2|portable] [Google Benchmark's options]
//
// One thread. Counted flops: symmetric halves only (n k (k + 1) for n entries, k^3 / 3 + 2 k^2 for a solve).

#include <algorithm>
#include <benchmark/benchmark.h>
#include <cstring>
#include <numeric>

#include "benchmarks/peak_benchmark.hpp"
#include "kernels/als/iterative_rows.hpp"
#include "kernels/als/solve_rows.hpp"
#include "kernels/dense/cholesky.hpp"
#include "kernels/dense/eigenbasis.hpp"
#include "kernels/dense/gramian.hpp"
#include "kernels/dense/rotate_rows.hpp"
#include "kernels/ranking/coarse_block.hpp"
#include "kernels/ranking/rank_block.hpp"
#include "kernels/ranking/score_block.hpp"
#include "tests/kernels/random_data.hpp"

namespace {

using rankwise::CsrBlock;
using rankwise::Index;
using rankwise::Matrix;
using rankwise::Objective;
using rankwise::kernels::RowWorkspace;

/// Rows of the table that entries are gathered from: MovieLens-20M's items.
constexpr Index table_rows = 27'000;

void report_rate(benchmark::State& state, double flops_per_iteration) {
  const double flops = flops_per_iteration * static_cast<double>(state.iterations());
  state.counters["GFLOP/s"] = benchmark::Counter(flops * 1e-9, benchmark::Counter::kIsRate);
  state.counters["of_peak"] =
      benchmark::Counter(flops * 1e-9 / rankwise::benchmarks::peak_gflops(), benchmark::Counter::kIsRate);
}

Matrix identity_base(Index width) {
  Matrix base(rankwise::padded_columns(width), rankwise::padded_columns(width));
  for (Index r = 0; r < width; ++r) base.row(r)[r] = 1.0F;
  return base;
}

void gramian(benchmark::State& state) {
  const Index width = state.range(0);
  const Matrix rows = rankwise::testing::random_matrix(rankwise::chunk_rows, width, 1);
  const Index padded = rankwise::padded_columns(width);
  Matrix product(padded, rankwise::kernels::spread_columns(padded));
  for (auto _ : state) {
    rankwise::kernels::chunk_gramian(rows.view(), product.view());
    benchmark::DoNotOptimize(product.row(0));
  }
  report_rate(state, static_cast<double>(rankwise::chunk_rows * width * (width + 1)));
}

/// Sparse rows that together touch the whole table, so that gathers miss the caches as they do in a sweep.
struct Gathered {
  Gathered(Index width, Index entries)
      : other(rankwise::testing::random_matrix(table_rows, width, 1)),
        rows(rankwise::testing::random_rows(
            std::vector<Index>(static_cast<std::size_t>(std::max<Index>(4, 100'000 / entries)), entries), table_rows,
            2)),
        base(identity_base(width)) {}
  [[nodiscard]] rankwise::kernels::RowSystem system() const {
    return {objective, other.view(), base.view(), table_rows};
  }
  [[nodiscard]] std::span<const rankwise::LocalIndex> upcoming(Index row) const {
    return rows.columns().subspan(static_cast<std::size_t>(rows.offsets()[static_cast<std::size_t>(row) + 1]));
  }
  Objective objective;
  Matrix other;
  CsrBlock rows;
  Matrix base;
};

void normal_equations(benchmark::State& state) {
  const Index width = state.range(0);
  const Index entries = state.range(1);
  const Gathered gathered(width, entries);
  RowWorkspace workspace(width);
  Index row = 0;
  for (auto _ : state) {
    rankwise::kernels::normal_equations(gathered.system(), gathered.rows.row(row), gathered.upcoming(row), workspace);
    benchmark::DoNotOptimize(workspace.system.matrix.row(0));
    row = row + 1 < gathered.rows.rows() ? row + 1 : 0;
  }
  report_rate(state, static_cast<double>(entries * width * (width + 1)));
}

void cholesky_and_solves(benchmark::State& state) {
  const Index width = state.range(0);
  const Matrix rows = rankwise::testing::random_matrix(rankwise::kernels::entry_chunk, width, 1);
  rankwise::kernels::SymmetricSystem original(width);
  rankwise::kernels::chunk_gramian(rows.view(), original.matrix.view());
  for (Index r = 0; r < width; ++r) original.matrix.row(r)[r] += 10.0F;
  rankwise::kernels::SymmetricSystem system(width);
  for (auto _ : state) {
    std::memcpy(system.matrix.row(0), original.matrix.row(0), original.matrix.bytes());
    std::fill_n(system.rhs(), width, 1.0F);
    if (!rankwise::kernels::solve_cholesky(system)) state.SkipWithError("not positive definite");
  }
  const auto k = static_cast<double>(width);
  report_rate(state, k * k * k / 3 + 2 * k * k);
}

#ifdef RANKWISE_HAVE_OPENBLAS
extern "C" {
void openblas_set_num_threads(int threads);
void spotrf_(const char* triangle, const int* n, float* a, const int* stride, int* info);
void spotrs_(const char* triangle, const int* n, const int* columns, const float* a, const int* stride, float* b,
             const int* b_stride, int* info);
}

/// The same systems by OpenBLAS on one thread.
void openblas_cholesky_and_solves(benchmark::State& state) {
  openblas_set_num_threads(1);
  const Index width = state.range(0);
  const Matrix rows = rankwise::testing::random_matrix(rankwise::kernels::entry_chunk, width, 1);
  rankwise::kernels::SymmetricSystem original(width);
  rankwise::kernels::chunk_gramian(rows.view(), original.matrix.view());
  for (Index r = 0; r < width; ++r) original.matrix.row(r)[r] += 10.0F;
  const auto n = static_cast<int>(width);
  const auto stride = static_cast<int>(original.matrix.stride());
  const int columns = 1;
  Matrix system(width, original.matrix.stride());
  std::vector<float> b(static_cast<std::size_t>(width));
  for (auto _ : state) {
    std::memcpy(system.row(0), original.matrix.row(0), system.bytes());
    std::fill(b.begin(), b.end(), 1.0F);
    int info = 0;
    spotrf_("L", &n, system.row(0), &stride, &info);  // the upper half by rows is the lower half by columns
    spotrs_("L", &n, &columns, system.row(0), &stride, b.data(), &n, &info);
    if (info != 0) state.SkipWithError("not positive definite");
  }
  const auto k = static_cast<double>(width);
  report_rate(state, k * k * k / 3 + 2 * k * k);
}
#endif

/// Whole rows (gather, system, solution, loss) in batches as a sweep takes them. GFLOP/s are primal-equivalent: what
/// the primal would count, whoever solves.
void solve_rows(benchmark::State& state, Index longest_dual_row) {
  const Index width = state.range(0);
  const Index entries = state.range(1);
  Gathered gathered(width, entries);
  rankwise::kernels::RowSystem system = gathered.system();
  const rankwise::kernels::Eigenbasis basis = rankwise::kernels::eigenbasis(gathered.base.view(), width);
  Matrix rotated(table_rows, width);
  rankwise::kernels::rotate_rows(gathered.other.view(), basis.vectors.view(), rotated.view());
  system.basis = {basis.values.data(), basis.vectors.view(), basis.transposed.view()};
  system.dual = {std::min(width, longest_dual_row), rotated.view()};
  RowWorkspace workspace(width);
  const Index rows = gathered.rows.rows();
  Matrix solution(rows, width);
  std::vector<rankwise::kernels::RowLoss> losses(static_cast<std::size_t>(rows));
  const Index batch = std::min(rankwise::kernels::dual_batch_rows, rows);
  Index row = 0;
  for (auto _ : state) {
    if (rankwise::kernels::solve_rows(system, gathered.rows, {row, row + batch}, workspace, solution.view(), losses) >=
        0) {
      state.SkipWithError("not positive definite");
    }
    row = row + 2 * batch <= rows ? row + batch : 0;
  }
  report_rate(state, rankwise::kernels::solve_row_flops(entries, width) * static_cast<double>(batch));
  state.counters["rows/s"] =
      benchmark::Counter(static_cast<double>(batch * state.iterations()), benchmark::Counter::kIsRate);
}

void primal_rows(benchmark::State& state) {
  solve_rows(state, 0);
}

void dual_rows(benchmark::State& state) {
  if (state.range(1) > state.range(0)) {
    state.SkipWithError("longer than the system is wide: the primal's");
    return;
  }
  solve_rows(state, state.range(0));
}

/// Three conjugate gradient steps of whole rows, and their losses.
void conjugate_gradients(benchmark::State& state) {
  const Index width = state.range(0);
  const Index entries = state.range(1);
  Gathered gathered(width, entries);
  const rankwise::kernels::Eigenbasis basis = rankwise::kernels::eigenbasis(gathered.base.view(), width);
  rankwise::kernels::RowSystem system = gathered.system();
  system.basis = {basis.values.data(), basis.vectors.view(), basis.transposed.view()};
  RowWorkspace workspace(width);
  const Index rows = gathered.rows.rows();
  Matrix solution = rankwise::testing::random_matrix(rows, width, 3);
  std::vector<rankwise::kernels::RowLoss> losses(static_cast<std::size_t>(rows));
  const Index batch = std::min(rankwise::kernels::dual_batch_rows, rows);
  const rankwise::kernels::ConjugateGradients method;
  Index row = 0;
  for (auto _ : state) {
    if (rankwise::kernels::improve_rows(system, gathered.rows, rankwise::RowRange{row, row + batch}, method, workspace,
                                        solution.view(), losses) >= 0) {
      state.SkipWithError("not finite");
    }
    row = row + 2 * batch <= rows ? row + batch : 0;
  }
  report_rate(state, rankwise::kernels::improve_row_flops(method, entries, width) * static_cast<double>(batch));
  state.counters["rows/s"] =
      benchmark::Counter(static_cast<double>(batch * state.iterations()), benchmark::Counter::kIsRate);
}

void rotate_rows(benchmark::State& state) {
  const Index width = state.range(0);
  const Matrix rows = rankwise::testing::random_matrix(256, width, 1);
  const Matrix basis = rankwise::testing::random_matrix(width, width, 2);
  Matrix rotated(rows.rows(), width);
  for (auto _ : state) {
    rankwise::kernels::rotate_rows(rows.view(), basis.view(), rotated.view());
    benchmark::DoNotOptimize(rotated.row(0));
  }
  report_rate(state, 2.0 * static_cast<double>(rows.rows() * width * width));
}

void eigenbasis(benchmark::State& state) {
  const Index width = state.range(0);
  const Matrix rows = rankwise::testing::random_matrix(2 * width, width, 1);
  Matrix gramian(width, width);
  for (Index i = 0; i < width; ++i) {
    for (Index j = 0; j < width; ++j) {
      for (Index r = 0; r < rows.rows(); ++r) gramian.row(i)[j] += rows.row(r)[i] * rows.row(r)[j];
    }
  }
  for (auto _ : state) benchmark::DoNotOptimize(rankwise::kernels::eigenbasis(gramian.view(), width));
}

void score_block(benchmark::State& state) {
  const Index width = state.range(0);
  const Matrix users = rankwise::testing::random_matrix(rankwise::kernels::score_users, width, 1);
  const Matrix items = rankwise::testing::random_matrix(rankwise::kernels::score_items, width, 2);
  Matrix scores = rankwise::kernels::score_buffer();
  for (auto _ : state) {
    rankwise::kernels::score_block(users.view(), items.view(), scores.view());
    benchmark::DoNotOptimize(scores.row(0));
  }
  report_rate(state, 2.0 * static_cast<double>(users.rows() * items.rows() * width));
}

/// The best 100 of 16,384 items for 128 users, none of them marked; floats alone, and with a first pass in codes.
void rank_block(benchmark::State& state) {
  const Index width = state.range(0);
  const auto precision = static_cast<rankwise::kernels::ItemPrecision>(state.range(1));
  if (precision == rankwise::kernels::ItemPrecision::floats_and_codes && !rankwise::kernels::has_coarse_products()) {
    state.SkipWithError("needs AVX-512 VNNI");
    return;
  }
  const Matrix users = rankwise::testing::random_matrix(128, width, 1);
  const Matrix items = rankwise::testing::random_matrix(16'384, width, 2);
  std::vector<Index> order(static_cast<std::size_t>(items.rows()));
  std::iota(order.begin(), order.end(), Index{0});
  const rankwise::kernels::PackedItems packed(items.view(), 0, order, precision);
  const rankwise::kernels::PositionBits marks(users.rows(), packed.size());
  for (auto _ : state) {
    rankwise::TopItems top(users.rows(), 100);
    rankwise::kernels::rank_block(users.view(), packed, marks, rankwise::kernels::MarkedItems::leave_out, top, 0,
                                  precision);
    benchmark::DoNotOptimize(top.threshold(0));
  }
  report_rate(state, 2.0 * static_cast<double>(users.rows() * items.rows() * width));
}

const std::vector<std::int64_t> widths{16, 32, 64, 128, 256, 512};
const std::vector<std::int64_t> row_lengths{1, 4, 8, 16, 64, 256, 4096};

BENCHMARK(gramian)->ArgsProduct({widths})->ArgName("k");
BENCHMARK(normal_equations)->ArgsProduct({widths, row_lengths})->ArgNames({"k", "n"});
BENCHMARK(cholesky_and_solves)->ArgsProduct({widths})->ArgName("k");
#ifdef RANKWISE_HAVE_OPENBLAS
BENCHMARK(openblas_cholesky_and_solves)->ArgsProduct({widths})->ArgName("k");
#endif
BENCHMARK(primal_rows)->ArgsProduct({widths, row_lengths})->ArgNames({"k", "n"});
BENCHMARK(dual_rows)->ArgsProduct({widths, row_lengths})->ArgNames({"k", "n"});
BENCHMARK(conjugate_gradients)->ArgsProduct({widths, row_lengths})->ArgNames({"k", "n"});
BENCHMARK(rotate_rows)->ArgsProduct({widths})->ArgName("k");
BENCHMARK(eigenbasis)->ArgsProduct({widths})->ArgName("k")->Unit(benchmark::kMillisecond);
BENCHMARK(score_block)->ArgsProduct({widths})->ArgName("k");
BENCHMARK(rank_block)->ArgsProduct({widths, {0, 1}})->ArgNames({"k", "codes"});

}  // namespace
