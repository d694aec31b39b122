// Centroids to begin with (kmeans --init FILE), in any format.

#include "io/clustering/clustering.hpp"
#include "io/points/points_file.hpp"
#include "tests/fuzz/harness.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rankwise;
  const fuzz::InputFile input(fuzz::text_of(data, size));
  fuzz::read_or_refuse([&] {
    const bool of_clustering = detect_points(fuzz::single_rank(), input.path()) == PointFormat::clustering;
    const Matrix centroids = of_clustering ? ClusteringReader(fuzz::single_rank(), input.path()).centroids()
                                           : read_centroids(fuzz::single_rank(), {.path = input.path()}).rows;
    fuzz::require(centroids.rows() > 0 && centroids.columns() > 0, "there are centroids");
    for (Index r = 0; r < centroids.rows(); ++r) {
      for (const float value : centroids.view().row_span(r)) fuzz::require(value - value == 0, "centroids are finite");
    }
  });
  return 0;
}
