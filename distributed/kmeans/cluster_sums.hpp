#pragma once
// Sums, weights and counts of the rows in each cluster, exact whatever the order of rows, ranks and threads.

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/kmeans/points.hpp"
#include "kernels/kmeans/centroid_sums.hpp"

namespace rankwise {

/// The same on every rank.
struct ClusterTotals {
  Index dimensions = 0;
  std::vector<double> sums;  ///< clusters x dimensions
  std::vector<double> weights;
  std::vector<Index> counts;

  [[nodiscard]] Index clusters() const { return static_cast<Index>(counts.size()); }
  [[nodiscard]] std::span<const double> sum(Index cluster) const {
    return std::span(sums).subspan(static_cast<std::size_t>(cluster * dimensions),
                                   static_cast<std::size_t>(dimensions));
  }
};

/// This rank's sums, kept up to date as rows change their clusters.
class ClusterSums {
 public:
  /// Chooses the quanta of the sums from the largest magnitudes. Collective over comm.
  ClusterSums(const Communicator& comm, const Points& points, Index clusters);

  /// Adds local `rows` to the clusters that `clusters` names. Any thread may call it.
  void add(RowRange rows, std::span<const std::int32_t> clusters);

  /// Moves local `rows` from the clusters `before` (-1: none) to `after`. Any thread may call it.
  void move(RowRange rows, std::span<const std::int32_t> before, std::span<const std::int32_t> after);

  /// Sums over all ranks. Collective over comm.
  [[nodiscard]] ClusterTotals totals(const Communicator& comm) const;

 private:
  /// Sums that one thread at a time adds to.
  struct Part {
    Part(Index clusters, Index dimensions) : sums(clusters, dimensions) {}
    std::mutex busy;
    kernels::CentroidSums sums;
  };
  /// The part of the calling thread, which other threads may share.
  [[nodiscard]] Part& part() const;

  const Points& points_;
  Index clusters_;
  kernels::SumQuanta quanta_;
  std::vector<std::unique_ptr<Part>> parts_;
};

}  // namespace rankwise
