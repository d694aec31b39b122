// Clustering files.

#include "io/clustering.hpp"
#include "tests/fuzz/harness.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rankwise;
  const fuzz::InputFile input(fuzz::text_of(data, size));
  fuzz::read_or_refuse([&] {
    const ClusteringReader file(fuzz::single_rank(), input.path());
    const Matrix centroids = file.centroids();
    fuzz::require(centroids.rows() == file.clusters() && centroids.columns() == file.dimensions(),
                  "centroids are whole");
  });
  return 0;
}
