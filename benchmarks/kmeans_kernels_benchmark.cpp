// Rates of the kernels of K-means: GFLOP/s and share of the FMA peak, which is measured in the same process right
// before and after, and nanoseconds per row.
//
//   kmeans_kernels_benchmark [--simd=avx512|avx2|portable] [Google Benchmark's options]
//
// One thread. Counted flops: 2 n K d for n rows of d dimensions (or entries) against K centroids.

#include <algorithm>
#include <benchmark/benchmark.h>
#include <random>
#include <vector>

#include "benchmarks/peak_benchmark.hpp"
#include "kernels/kmeans/centroid_sums.hpp"
#include "kernels/kmeans/nearest_centroid.hpp"
#include "tests/kernels/random_data.hpp"

namespace {

using rankwise::Index;
using rankwise::Matrix;

void report_rows(benchmark::State& state, Index rows) {
  const auto total = static_cast<double>(rows * state.iterations());
  state.counters["per_row"] = benchmark::Counter(total, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void report_rates(benchmark::State& state, Index rows, double flops_per_row) {
  const double flops = flops_per_row * static_cast<double>(rows * state.iterations());
  state.counters["of_peak"] =
      benchmark::Counter(flops * 1e-9 / rankwise::benchmarks::peak_gflops(), benchmark::Counter::kIsRate);
  report_rows(state, rows);
}

void find_nearest(benchmark::State& state) {
  const Index rows = state.range(0);
  const Index dimensions = state.range(1);
  const Index count = state.range(2);
  const Matrix points = rankwise::testing::random_matrix(rows, dimensions, 1);
  const Matrix centroids = rankwise::testing::random_matrix(count, dimensions, 2);
  const rankwise::kernels::CentroidTable table(centroids.view());
  std::vector<std::int32_t> nearest(static_cast<std::size_t>(rows));
  Index rechecked = 0;
  for (auto _ : state) rechecked += rankwise::kernels::find_nearest(points.view(), table, nearest);
  report_rates(state, rows, 2.0 * static_cast<double>(dimensions * count));
  state.counters["rechecked"] = static_cast<double>(rechecked) / static_cast<double>(rows * state.iterations());
}

/// Every centroid twice: every row is decided in double.
void find_nearest_of_ties(benchmark::State& state) {
  const Index rows = state.range(0);
  const Index dimensions = state.range(1);
  const Index count = state.range(2);
  const Matrix points = rankwise::testing::random_matrix(rows, dimensions, 1);
  Matrix centroids = rankwise::testing::random_matrix(count, dimensions, 2);
  for (Index c = count / 2; c < count; ++c) {
    std::copy_n(centroids.row(c - count / 2), dimensions, centroids.row(c));
  }
  const rankwise::kernels::CentroidTable table(centroids.view());
  std::vector<std::int32_t> nearest(static_cast<std::size_t>(rows));
  for (auto _ : state) {
    if (rankwise::kernels::find_nearest(points.view(), table, nearest) != rows) state.SkipWithError("no ties");
  }
  report_rates(state, rows, 2.0 * static_cast<double>(dimensions * count));
}

/// 100,000 rows of `range(0)` entries each.
void find_nearest_of_sparse(benchmark::State& state) {
  const std::vector<Index> sizes(100'000, state.range(0));
  const rankwise::CsrBlock rows = rankwise::testing::random_rows(sizes, state.range(1), 1);
  const Matrix centroids = rankwise::testing::random_matrix(state.range(2), state.range(1), 2);
  const rankwise::kernels::CentroidTable table(centroids.view());
  std::vector<std::int32_t> nearest(sizes.size());
  Index rechecked = 0;
  for (auto _ : state) rechecked += rankwise::kernels::find_nearest(rows, {0, rows.rows()}, table, nearest);
  report_rates(state, rows.rows(), 2.0 * static_cast<double>(state.range(0) * state.range(2)));
  state.counters["rechecked"] = static_cast<double>(rechecked) / static_cast<double>(rows.rows() * state.iterations());
}

/// Rows in clusters at random, and quanta for them.
struct Clustered {
  explicit Clustered(const benchmark::State& state)
      : points(rankwise::testing::random_matrix(state.range(0), state.range(1), 1)),
        sums(state.range(2), state.range(1)),
        quanta(rankwise::kernels::SumQuanta::for_rows(
            std::vector<double>(static_cast<std::size_t>(state.range(1)), 100.0), 1, state.range(0))) {
    std::mt19937 engine(3);
    for (Index r = 0; r < points.rows(); ++r)
      clusters.push_back(static_cast<std::int32_t>(engine() % sums.counts.size()));
  }
  Matrix points;
  rankwise::kernels::CentroidSums sums;
  rankwise::kernels::SumQuanta quanta;
  std::vector<std::int32_t> clusters;
};

void add_rows(benchmark::State& state) {
  Clustered data(state);
  for (auto _ : state) rankwise::kernels::add_rows(data.points.view(), {}, data.clusters, data.quanta, data.sums);
  report_rows(state, data.points.rows());
}

/// One row in `range(3)` moves.
void move_rows(benchmark::State& state) {
  Clustered data(state);
  std::vector<std::int32_t> after = data.clusters;
  std::mt19937 engine(4);
  for (std::int32_t& cluster : after) {
    if (engine() % static_cast<unsigned>(state.range(3)) == 0) {
      cluster = (cluster + 1) % static_cast<std::int32_t>(data.sums.clusters);
    }
  }
  for (auto _ : state) {
    rankwise::kernels::move_rows(data.points.view(), {}, data.clusters, after, data.quanta, data.sums);
  }
  report_rows(state, data.points.rows());
}

BENCHMARK(find_nearest)
    ->ArgNames({"n", "d", "K"})
    ->Args({1'000'000, 64, 10})
    ->Args({1'000'000, 64, 16})
    ->Args({1'000'000, 64, 100})
    ->Args({1'000'000, 64, 1000})
    ->Args({200'000, 128, 1000})
    ->Args({1'000'000, 16, 100})
    ->Args({50'000, 1000, 100})
    ->Args({50'000, 1000, 1000})
    ->Args({200'000, 64, 1024})
    ->Unit(benchmark::kMillisecond);
BENCHMARK(find_nearest_of_ties)
    ->ArgNames({"n", "d", "K"})
    ->Args({100'000, 64, 100})
    ->Args({100'000, 64, 1000})
    ->Unit(benchmark::kMillisecond);
BENCHMARK(find_nearest_of_sparse)
    ->ArgNames({"entries", "d", "K"})
    ->Args({50, 1000, 100})
    ->Args({50, 20'000, 100})
    ->Args({50, 20'000, 1000})
    ->Unit(benchmark::kMillisecond);
BENCHMARK(add_rows)
    ->ArgNames({"n", "d", "K"})
    ->Args({1'000'000, 64, 10})
    ->Args({1'000'000, 64, 100})
    ->Args({1'000'000, 64, 1000})
    ->Args({200'000, 128, 1000})
    ->Unit(benchmark::kMillisecond);
BENCHMARK(move_rows)
    ->ArgNames({"n", "d", "K", "one_in"})
    ->Args({1'000'000, 64, 100, 1})
    ->Args({1'000'000, 64, 100, 20})
    ->Args({1'000'000, 64, 100, 1000})
    ->Args({1'000'000, 64, 1000, 20})
    ->Unit(benchmark::kMillisecond);

}  // namespace
