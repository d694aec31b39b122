// Rates of the kernels of item-based models: pairs of items a second, and shares of the FMA peak, which is measured in
// the same process right before and after.
//
//   itemcf_kernels_benchmark [--simd=avx512|avx2|portable] [Google Benchmark's options]
//
// One thread. A pair is one increment. Counted flops of a regression: n^3 / 3 for its factorization, 2 n^2 for solving.

#include <algorithm>
#include <benchmark/benchmark.h>
#include <cmath>
#include <random>
#include <vector>

#include "benchmarks/peak_benchmark.hpp"
#include "kernels/itemcf/common_users.hpp"
#include "kernels/itemcf/dense_ridge.hpp"
#include "kernels/itemcf/nearest_items.hpp"
#include "kernels/itemcf/neighbourhood_ridge.hpp"

namespace {

using rankwise::at;
using rankwise::CommonUsers;
using rankwise::EntryWeights;
using rankwise::Index;
using rankwise::LocalIndex;

/// Users of `size` items each, popular ones (low numbers) more often, ascending.
std::vector<std::vector<LocalIndex>> random_users(Index users, Index size, Index items) {
  std::mt19937 random(1);
  std::vector<std::vector<LocalIndex>> rows(at(users));
  for (std::vector<LocalIndex>& row : rows) {
    for (Index e = 0; e < size; ++e) {
      const double uniform = static_cast<double>(random() >> 8) / (1 << 24);
      row.push_back(static_cast<LocalIndex>(std::pow(uniform, 3) * static_cast<double>(items)));
    }
    std::ranges::sort(row);
    const auto repeated = std::ranges::unique(row);
    row.erase(repeated.begin(), repeated.end());
  }
  return rows;
}

void report_pairs(benchmark::State& state, double pairs) {
  state.counters["pairs"] =
      benchmark::Counter(pairs * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

void report_flops(benchmark::State& state, double flops) {
  state.counters["of_peak"] =
      benchmark::Counter(flops * 1e-9 * static_cast<double>(state.iterations()) / rankwise::benchmarks::peak_gflops(),
                         benchmark::Counter::kIsRate);
}

/// One item with `range(0)` users of some `range(1)` items out of `range(2)`; weighted if range(3) is 1.
void count_item(benchmark::State& state) {
  const Index items = state.range(2);
  const auto users = random_users(state.range(0), state.range(1), items);
  const EntryWeights kind = state.range(3) == 1 ? EntryWeights::integers : EntryWeights::ones;
  const std::vector<std::int32_t> weights(at(state.range(1)), 3);
  CommonUsers common(items, kind, CommonUsers::Counting::sums);
  Index pairs = 0;
  for (const auto& user : users) pairs += std::ssize(user);
  for (auto _ : state) {
    common.begin(pairs);
    for (const auto& user : users) common.add({user, std::span(weights).first(user.size())}, 2);
    Index met = 0;
    common.drain([&met](Index, std::int64_t, Index) { ++met; });
    benchmark::DoNotOptimize(met);
  }
  report_pairs(state, static_cast<double>(pairs));
}

void choose_nearest(benchmark::State& state) {
  std::mt19937 random(2);
  std::vector<rankwise::Neighbour> offers;
  for (LocalIndex item = 0; item < state.range(0); ++item) offers.push_back({item, static_cast<float>(random() >> 8)});
  rankwise::NearestItems nearest(state.range(1));
  for (auto _ : state) {
    for (const rankwise::Neighbour& each : offers) nearest.offer(each);
    benchmark::DoNotOptimize(nearest.take().data());
  }
  state.counters["offers"] =
      benchmark::Counter(static_cast<double>(state.range(0) * state.iterations()), benchmark::Counter::kIsRate);
}

/// A Gramian of n items over 4 n users.
void solve_neighbourhood(benchmark::State& state) {
  const Index size = state.range(0);
  std::vector<double> gramian(at(size * size));
  std::mt19937 random(3);
  for (Index user = 0; user < 4 * size; ++user) {
    std::vector<Index> has;
    for (Index i = 0; i < size; ++i) {
      if (random() % 10 == 0) has.push_back(i);
    }
    for (const Index a : has) {
      for (const Index b : has) gramian[at(a * size + b)] += 1;
    }
  }
  rankwise::NeighbourhoodRidge ridge(size);
  for (auto _ : state) {
    for (Index r = 0; r < size; ++r) {
      ridge.target(r) = static_cast<double>(r % 7);
      for (Index c = r; c < size; ++c) ridge.gramian(r, c) = gramian[at(r * size + c)];
    }
    benchmark::DoNotOptimize(ridge.solve(size, 10).data());
  }
  const auto n = static_cast<double>(size);
  report_flops(state, n * n * n / 3 + 2 * n * n);
}

void factor_dense(benchmark::State& state) {
  const Index size = state.range(0);
  std::vector<double> matrix(at(size * size), 0.1);
  for (Index r = 0; r < size; ++r) matrix[at(r * size + r)] = static_cast<double>(size);
  std::vector<double> factor;
  for (auto _ : state) {
    factor = matrix;
    if (!rankwise::factor_symmetric(factor, size)) state.SkipWithError("not positive definite");
  }
  const auto n = static_cast<double>(size);
  report_flops(state, n * n * n / 3);
}

BENCHMARK(count_item)
    ->ArgNames({"users", "size", "items", "weighted"})
    ->Args({1000, 400, 27'000, 0})
    ->Args({1000, 400, 27'000, 1})
    ->Args({1000, 400, 1'000'000, 0})
    ->Args({5, 20, 1'000'000, 0})
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(choose_nearest)->ArgNames({"offers", "K"})->Args({20'000, 100})->Args({20'000, 1000});
BENCHMARK(solve_neighbourhood)
    ->ArgName("n")
    ->Arg(50)
    ->Arg(100)
    ->Arg(200)
    ->Arg(300)
    ->Arg(1000)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(factor_dense)->ArgName("n")->Arg(500)->Arg(2000)->Unit(benchmark::kMillisecond);

}  // namespace
