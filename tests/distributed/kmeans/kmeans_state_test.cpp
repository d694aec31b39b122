// K-means that is ended after any iteration continues from its state to the bits of a run that was left alone, on every
// rank or on one.

#include <gtest/gtest.h>

#include "distributed/kmeans/lloyd.hpp"
#include "distributed/kmeans/mini_batch.hpp"
#include "tests/distributed/kmeans/cloud.hpp"

namespace rankwise {
namespace {

using testing::Cloud;
using testing::first_rows;
using testing::mixture;
using testing::run_lloyd;
using testing::run_mini_batches;
using testing::values_of;
using testing::whole;
using testing::with_weights;
using testing::with_zeros;

struct Ended {};

using KMeansStateTest = testing::CloudTest;

/// Runs `step(state, tell)` until it returns, ending it by `tell` after every iteration.
template <class State, class Step>
Index count_ends(State& state, const Step& step) {
  for (Index ends = 0;; ++ends) {
    Index told = 0;
    try {
      step(state, [&] {
        if (++told == 1) throw Ended();
      });
      return ends;
    } catch (const Ended&) {
      EXPECT_EQ(told, 1);
    }
  }
}

void expect_same(const Communicator& comm, const KMeansResult& mine, const KMeansResult& whole_result) {
  EXPECT_EQ(values_of(mine.centroids), values_of(whole_result.centroids));
  EXPECT_EQ(whole(comm, mine.assignments), whole_result.assignments);
  EXPECT_EQ(whole(comm, mine.distances), whole_result.distances);
  EXPECT_EQ(mine.sizes, whole_result.sizes);
  EXPECT_EQ(mine.weights, whole_result.weights);
  EXPECT_EQ(mine.inertia, whole_result.inertia);
  EXPECT_EQ(mine.converged, whole_result.converged);
  ASSERT_EQ(mine.history.size(), whole_result.history.size());
  for (std::size_t i = 0; i < mine.history.size(); ++i) {
    EXPECT_EQ(mine.history[i].inertia, whole_result.history[i].inertia);
    EXPECT_EQ(mine.history[i].moved, whole_result.history[i].moved);
    EXPECT_EQ(mine.history[i].relocated, whole_result.history[i].relocated);
    EXPECT_EQ(mine.history[i].squared_shift, whole_result.history[i].squared_shift);
  }
}

/// Half of the centroids lie where no row is, so that clusters stay empty for some iterations.
Matrix far_start(const Cloud& cloud, Index clusters) {
  Matrix start = first_rows(cloud, clusters);
  for (Index k = clusters / 2; k < clusters; ++k) {
    for (float& value : start.view().row_span(k)) value = 1e4F + static_cast<float>(k);
  }
  return start;
}

TEST_F(KMeansStateTest, GoesOnFromAnyIterationOnAnyRanksToTheSameBits) {
  constexpr Index clusters = 12;
  for (const bool is_sparse : {false, true}) {
    const Cloud cloud = with_weights(is_sparse ? with_zeros(mixture(700, 30, 9, 1, 21)) : mixture(900, 7, 15, 1, 22));
    const Points together = is_sparse ? cloud.sparse(comm) : cloud.dense(comm);
    const Points alone = is_sparse ? cloud.sparse(self) : cloud.dense(self);
    for (const Pruning pruning : {Pruning::off, Pruning::hamerly, Pruning::yinyang}) {
      if (is_sparse && pruning != Pruning::off) continue;
      KMeansOptions options;
      options.pruning.pruning = pruning;
      const KMeansResult expected = run_lloyd(self, alone, far_start(cloud, clusters), options);
      ASSERT_GT(expected.history.size(), 5);
      EXPECT_GT(expected.history[0].relocated, 0);
      // 1. Every iteration by a call of its own.
      LloydState state{far_start(cloud, clusters)};
      KMeansResult result;
      const Index iterations = count_ends(state, [&](LloydState& at, const std::function<void()>& end) {
        result = lloyd(comm, together, at, options, [&](const LloydIteration& /*iteration*/) { end(); });
      });
      EXPECT_EQ(iterations, std::ssize(expected.history));
      expect_same(comm, result, expected);
      // 2. Some iterations on every rank, the others on one, and the other way round.
      for (const std::size_t begun : {1, 2, 4}) {
        const auto begin = [&](const Communicator& some, const Points& points) {
          LloydState begun_state{far_start(cloud, clusters)};
          EXPECT_THROW(static_cast<void>(lloyd(some, points, begun_state, options,
                                               [&](const LloydIteration& /*iteration*/) {
                                                 if (begun_state.history.size() == begun) throw Ended();
                                               })),
                       Ended);
          return begun_state;
        };
        const auto go_on = [&](const Communicator& some, const Points& points, LloydState begun_state) {
          return lloyd(some, points, begun_state, options, [](const LloydIteration& /*iteration*/) {});
        };
        expect_same(self, go_on(self, alone, begin(comm, together)), expected);
        expect_same(comm, go_on(comm, together, begin(self, alone)), expected);
      }
    }
  }
}

TEST_F(KMeansStateTest, AStateThatHasConvergedOnlyAssigns) {
  const Cloud cloud = mixture(400, 5, 4, 4, 23);
  const Points points = cloud.dense(comm);
  const KMeansResult expected = run_lloyd(self, cloud.dense(self), first_rows(cloud, 4), {});
  LloydState state{first_rows(cloud, 4)};
  const auto end_when_converged = [&](const LloydIteration& /*iteration*/) {
    if (state.converged) throw Ended();
  };
  EXPECT_THROW(static_cast<void>(lloyd(comm, points, state, {}, end_when_converged)), Ended);
  Index told = 0;
  expect_same(comm, lloyd(comm, points, state, {}, [&](const LloydIteration& /*iteration*/) { ++told; }), expected);
  EXPECT_EQ(told, 0);
}

TEST_F(KMeansStateTest, MiniBatchesGoOnFromAnyBatchOnAnyRanksToTheSameBits) {
  const RandomStream random(7, RandomPurpose::cluster_batches);
  const Cloud cloud = with_weights(mixture(600, 11, 6, 2, 24));
  const MiniBatches batches{40, 12};
  const Points together = cloud.dense(comm);
  const Points alone = cloud.dense(self);
  const Matrix expected = run_mini_batches(self, alone, first_rows(cloud, 6), batches, random);
  MiniBatchState state{first_rows(cloud, 6)};
  const Index ends = count_ends(state, [&](MiniBatchState& at, const std::function<void()>& end) {
    const bool on_all_ranks = at.batches % 2 == 0;
    take_mini_batches(on_all_ranks ? comm : self, on_all_ranks ? together : alone, at, batches,
                      DistanceMetric::euclidean, random, end);
  });
  EXPECT_EQ(ends, batches.count);
  EXPECT_EQ(values_of(state.centroids), values_of(expected));
}

}  // namespace
}  // namespace rankwise
