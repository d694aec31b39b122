#include "kernels/kmeans/centroid_groups.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "kernels/kmeans/squared_distance.hpp"

namespace rankwise::kernels {

namespace {

/// A centroid's number and its place along a line.
struct Projected {
  double place;
  std::int32_t centroid;
  auto operator<=>(const Projected&) const = default;
};

/// The one of `members` that is farthest from `row`.
const float* farthest_from(const float* row, ConstMatrixView centroids, std::span<const std::int32_t> members) {
  const float* farthest = row;
  double largest = -1;
  for (const std::int32_t member : members) {
    const double distance = squared_distance(row, centroids.row(member), centroids.stride);
    if (distance > largest) {
      largest = distance;
      farthest = centroids.row(member);
    }
  }
  return farthest;
}

void halve(ConstMatrixView centroids, std::span<std::int32_t> members) {
  const auto groups = (static_cast<Index>(members.size()) + group_centroids - 1) / group_centroids;
  if (groups < 2) return;
  const float* from = farthest_from(centroids.row(members.front()), centroids, members);
  const float* to = farthest_from(from, centroids, members);
  std::vector<Projected> projected;
  projected.reserve(members.size());
  for (const std::int32_t member : members) {
    double place = 0;
    for (Index j = 0; j < centroids.columns; ++j) {
      place +=
          static_cast<double>(centroids.row(member)[j]) * (static_cast<double>(to[j]) - static_cast<double>(from[j]));
    }
    projected.push_back({place, member});
  }
  const auto middle = static_cast<std::size_t>((groups + 1) / 2 * group_centroids);
  std::ranges::sort(projected);
  std::ranges::transform(projected, members.begin(), &Projected::centroid);
  halve(centroids, members.first(middle));
  halve(centroids, members.subspan(middle));
}

}  // namespace

std::vector<std::int32_t> order_by_nearness(ConstMatrixView centroids) {
  std::vector<std::int32_t> order(static_cast<std::size_t>(centroids.rows));
  std::iota(order.begin(), order.end(), 0);
  halve(centroids, order);
  return order;
}

CentroidGroups::CentroidGroups(ConstMatrixView centroids, std::span<const std::int32_t> order)
    : dimensions_(centroids.columns),
      values_((centroids.rows + group_centroids - 1) / group_centroids * dimensions_, group_centroids),
      starts_((centroids.rows + group_centroids - 1) / group_centroids, group_centroids),
      order_(order),
      places_(order.size()),
      largest_norms_(static_cast<std::size_t>(groups())) {
  for (Index g = 0; g < groups(); ++g) {
    std::fill_n(starts_.row(g), group_centroids, -std::numeric_limits<float>::infinity());
  }
  for (std::size_t place = 0; place < order.size(); ++place) {
    const auto group = static_cast<Index>(place) / group_centroids;
    const auto lane = static_cast<Index>(place) % group_centroids;
    const float* centroid = centroids.row(order[place]);
    places_[static_cast<std::size_t>(order[place])] = static_cast<Index>(place);
    double squares = 0;
    for (Index j = 0; j < dimensions_; ++j) {
      values_.row(group * dimensions_ + j)[lane] = centroid[j];
      squares += static_cast<double>(centroid[j]) * static_cast<double>(centroid[j]);
    }
    starts_.row(group)[lane] = static_cast<float>(-squares / 2);
    double& norm = largest_norms_[static_cast<std::size_t>(group)];
    norm = std::max(norm, std::sqrt(squares));
  }
}

}  // namespace rankwise::kernels
