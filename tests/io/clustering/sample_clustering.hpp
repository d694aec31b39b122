#pragma once
// Small clusterings whose content is a pure function of global row numbers, cut over any ranks.

#include "io/clustering/clustering.hpp"
#include "tests/io/sample_files.hpp"

namespace rankwise {

/// Three clusters of two dimensions: nothing that may be left out.
inline Clustering plain_clustering(const Communicator& comm, Index rows) {
  Clustering clustering;
  clustering.ids = sample_ids(sample_range(comm, rows), rows, SampleIds::integers, "");
  for (Index r = clustering.ids.rows.begin; r < clustering.ids.rows.end; ++r) {
    clustering.assignments.push_back(static_cast<std::int32_t>(r % 3));
    clustering.distances.push_back(static_cast<float>(r) / 8);
  }
  clustering.centroids = Matrix(3, 2);
  for (Index k = 0; k < 3; ++k) {
    for (Index c = 0; c < 2; ++c) clustering.centroids.row(k)[c] = sample_factor(k, c);
    clustering.sizes.push_back((rows + 2 - k) / 3);
  }
  clustering.history = {{40.5, 12}, {30.25, 4}, {30, 0}};
  clustering.inertia = 30;
  clustering.converged = true;
  return clustering;
}

/// The same with texts as ids, weights, names and a scaling, under cosine distance.
inline Clustering rich_clustering(const Communicator& comm, Index rows) {
  Clustering clustering = plain_clustering(comm, rows);
  clustering.metric = DistanceMetric::cosine;
  clustering.ids = sample_ids(clustering.ids.rows, rows, SampleIds::strings, "row, ");
  clustering.weights = {1.5, 2.5, 3.5};
  clustering.converged = false;
  clustering.dimensions = {"recency", "größe"};
  clustering.scaling = DimensionScaling{{1, -2}, {0.5, 4}};
  return clustering;
}

}  // namespace rankwise
