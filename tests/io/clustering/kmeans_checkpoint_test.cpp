// Checkpoints of K-means: what is written is read again to the bit, by any number of ranks, and nothing else.

#include "io/clustering/kmeans_checkpoint.hpp"

#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "distributed/kmeans/points_digest.hpp"
#include "tests/distributed/kmeans/cloud.hpp"
#include "tests/io/damage.hpp"
#include "tests/io/sample_files.hpp"
#include "tests/io/shared_folder.hpp"

namespace rankwise {
namespace {

using testing::values_of;

constexpr Index dimensions = 5;

Matrix sample_centroids(Index clusters, Index salt) {
  Matrix centroids(clusters, dimensions);
  for (Index k = 0; k < clusters; ++k) {
    for (Index j = 0; j < dimensions; ++j) centroids.row(k)[j] = sample_factor(k + 100 * salt, j);
  }
  return centroids;
}

KMeansResult sample_model(Index clusters, Index salt) {
  KMeansResult model;
  model.centroids = sample_centroids(clusters, salt);
  model.history = {{0.1 + static_cast<double>(salt), 7}, {1.0 / 3, salt}};
  model.converged = salt % 2 == 0;
  return model;
}

LloydState sample_lloyd() {
  LloydState state{sample_centroids(4, 1)};
  state.assigned_to = sample_centroids(4, 2);
  state.relocations = {{123'456'789'012, 3}, {5, 0}};
  state.history = {{12.25, 40}, {0.1, 3}, {0.1, 0}};
  state.least_squared_shift = 1.0 / 7;
  state.converged = true;
  return state;
}

/// A run as far as can be, in the middle of its second number of clusters.
KMeansProgress full_progress() {
  KMeansProgress progress;
  progress.steps = 77;
  progress.tried = {{3, 10.5, {1.25, 100, 0.5, 0.25}, 0.75, 9, 4, 11},
                    {4, 8.5, {1, 90, 0.4, std::nan("")}, std::nan(""), 3, 1, 12}};
  progress.before = sample_centroids(3, 3);
  progress.recommended = sample_model(3, 4);
  progress.present = sample_model(4, 5);
  progress.folds.push_back(sample_model(4, 6));
  progress.folds.push_back(sample_model(4, 7));
  progress.restart = 2;
  progress.best = sample_model(4, 8);
  progress.training = sample_lloyd();
  return progress;
}

void expect_equal(const Matrix& a, const Matrix& b) {
  EXPECT_EQ(a.rows(), b.rows());
  EXPECT_EQ(a.columns(), b.columns());
  EXPECT_EQ(values_of(a), values_of(b));
}

void expect_equal(const std::vector<LloydIteration>& a, const std::vector<LloydIteration>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].inertia, b[i].inertia);
    EXPECT_EQ(a[i].moved, b[i].moved);
  }
}

void expect_equal(const KMeansResult& a, const KMeansResult& b) {
  expect_equal(a.centroids, b.centroids);
  expect_equal(a.history, b.history);
  EXPECT_EQ(a.converged, b.converged);
  EXPECT_TRUE(b.sizes.empty());
}

void expect_equal(const std::optional<KMeansResult>& a, const std::optional<KMeansResult>& b) {
  ASSERT_EQ(a.has_value(), b.has_value());
  if (a) expect_equal(*a, *b);
}

void expect_equal(const LloydState& a, const LloydState& b) {
  expect_equal(a.centroids, b.centroids);
  expect_equal(a.assigned_to, b.assigned_to);
  expect_equal(a.history, b.history);
  EXPECT_EQ(a.least_squared_shift, b.least_squared_shift);
  EXPECT_EQ(a.converged, b.converged);
  ASSERT_EQ(a.relocations.size(), b.relocations.size());
  for (std::size_t r = 0; r < a.relocations.size(); ++r) {
    EXPECT_EQ(a.relocations[r].row, b.relocations[r].row);
    EXPECT_EQ(a.relocations[r].cluster, b.relocations[r].cluster);
  }
}

void expect_equal(const MiniBatchState& a, const MiniBatchState& b) {
  expect_equal(a.centroids, b.centroids);
  EXPECT_EQ(a.taken, b.taken);
  EXPECT_EQ(a.batches, b.batches);
}

void expect_equal(const KMeansProgress& a, const KMeansProgress& b) {
  EXPECT_EQ(a.steps, b.steps);
  EXPECT_EQ(a.restart, b.restart);
  ASSERT_EQ(a.tried.size(), b.tried.size());
  for (std::size_t r = 0; r < a.tried.size(); ++r) {
    EXPECT_EQ(std::memcmp(&a.tried[r], &b.tried[r], sizeof(ClusterTableRow)), 0);
  }
  expect_equal(a.before, b.before);
  expect_equal(a.recommended, b.recommended);
  expect_equal(a.present, b.present);
  expect_equal(a.best, b.best);
  ASSERT_EQ(a.folds.size(), b.folds.size());
  for (std::size_t f = 0; f < a.folds.size(); ++f) expect_equal(a.folds[f], b.folds[f]);
  ASSERT_EQ(a.training.index(), b.training.index());
  if (const auto* lloyd = std::get_if<LloydState>(&a.training)) expect_equal(*lloyd, std::get<LloydState>(b.training));
  if (const auto* batches = std::get_if<MiniBatchState>(&a.training)) {
    expect_equal(*batches, std::get<MiniBatchState>(b.training));
  }
}

class KMeansCheckpointTest : public testing::CloudTest {
 protected:
  [[nodiscard]] std::string write(const KMeansProgress& progress) const {
    write_kmeans_checkpoint(comm, folder_.file("step.h5"), progress, sample_provenance());
    return folder_.file("step.h5");
  }
  void expect_refused(const std::string& path, const std::string& word) const {
    try {
      static_cast<void>(read_kmeans_checkpoint(comm, path, dimensions));
      ADD_FAILURE() << word;
    } catch (const DamagedCheckpoint& damage) {
      EXPECT_NE(std::string(damage.what()).find(path), std::string::npos) << damage.what();
      EXPECT_NE(std::string(damage.what()).find(word), std::string::npos) << damage.what();
    }
    comm.barrier();  // before the file changes again
  }
  SharedFolder folder_{comm};
};

TEST_F(KMeansCheckpointTest, HoldsEveryStateToTheBit) {
  std::vector<KMeansProgress> states(4);
  states[0] = full_progress();
  states[1].training = LloydState{sample_centroids(6, 9)};
  states[2].training = MiniBatchState{sample_centroids(2, 10), {0.1, 3}, 5};
  states[3].training = MiniBatchState{sample_centroids(2, 11)};
  for (const KMeansProgress& state : states) {
    const std::string path = write(state);
    EXPECT_EQ(verified_provenance(comm, path, kmeans_checkpoint_kind).configuration, sample_provenance().configuration);
    expect_equal(state, read_kmeans_checkpoint(comm, path, dimensions));
    comm.barrier();
  }
}

TEST_F(KMeansCheckpointTest, HasTheSameBytesOnAnyRanks) {
  const std::string path = write(full_progress());
  const std::string alone = folder_.file(fmt::format("alone-{}.h5", comm.rank()));
  write_kmeans_checkpoint(self, alone, full_progress(), sample_provenance());
  EXPECT_EQ(file_content(path), file_content(alone));
}

TEST_F(KMeansCheckpointTest, WhatDoesNotFitIsDamage) {
  expect_refused(write([] {
                   KMeansProgress wide = full_progress();
                   wide.present->centroids = Matrix(4, dimensions + 1);
                   return wide;
                 }()),
                 "/present/centroids");
  expect_refused(write([] {
                   KMeansProgress infinite = full_progress();
                   infinite.before.row(1)[2] = INFINITY;
                   return infinite;
                 }()),
                 "/before/centroids");
  expect_refused(write([] {
                   KMeansProgress far = full_progress();
                   std::get<LloydState>(far.training).relocations[1].cluster = 4;
                   return far;
                 }()),
                 "cluster 4");
  expect_refused(write([] {
                   KMeansProgress fewer = full_progress();
                   std::get<LloydState>(fewer.training).assigned_to = sample_centroids(3, 2);
                   return fewer;
                 }()),
                 "differ in clusters");
  expect_refused(write([] {
                   KMeansProgress unweighted;
                   unweighted.training = MiniBatchState{sample_centroids(2, 10), {0.1, -3}, 5};
                   return unweighted;
                 }()),
                 "/training/taken");
}

TEST_F(KMeansCheckpointTest, NoFlippedBitIsReadAsState) {
  const KMeansProgress written = full_progress();
  const std::string path = write(written);
  const auto size = static_cast<std::streamoff>(file_content(path).size());
  comm.barrier();
  Index damaged = 0;
  Index harmless = 0;
  for (std::streamoff offset = 11; offset < size; offset += size / 60) {
    if (comm.is_root()) flip_bit(path, offset);
    comm.barrier();
    try {
      static_cast<void>(verified_provenance(comm, path, kmeans_checkpoint_kind));
      expect_equal(written, read_kmeans_checkpoint(comm, path, dimensions));
      ++harmless;
    } catch (const DamagedCheckpoint&) {
      ++damaged;
    }
    comm.barrier();
    if (comm.is_root()) flip_bit(path, offset);
    comm.barrier();
  }
  EXPECT_GT(damaged, harmless);
  expect_equal(written, read_kmeans_checkpoint(comm, path, dimensions));
  EXPECT_THROW(static_cast<void>(verified_provenance(comm, path, "checkpoint")), DamagedCheckpoint);
}

TEST_F(KMeansCheckpointTest, ThePointsDigestTellsRowsWeightsAndCentroidsApart) {
  const testing::Cloud cloud = testing::mixture(300, 4, 3, 2, 1);
  const auto digest = [&](const testing::Cloud& of, const Matrix& given = Matrix()) {
    const std::uint64_t mine = points_digest(comm, of.dense(comm), given);
    EXPECT_EQ(mine, points_digest(self, of.dense(self), given));
    EXPECT_EQ(points_digest(comm, of.sparse(comm), given), points_digest(self, of.sparse(self), given));
    return mine;
  };
  testing::Cloud other = cloud;
  std::swap(other.rows[1], other.rows[2]);
  testing::Cloud fewer = cloud;
  fewer.rows.pop_back();
  const Matrix given = testing::first_rows(cloud, 2);
  Matrix moved = given.clone();
  moved.row(1)[3] += 1;
  const std::vector<std::uint64_t> digests{digest(cloud),        digest(other),
                                           digest(fewer),        digest(with_weights(cloud)),
                                           digest(cloud, given), digest(cloud, moved)};
  for (std::size_t a = 0; a < digests.size(); ++a) {
    for (std::size_t b = 0; b < a; ++b) EXPECT_NE(digests[a], digests[b]) << a << ' ' << b;
  }
  EXPECT_EQ(digest(cloud), digests[0]);
}

}  // namespace
}  // namespace rankwise
