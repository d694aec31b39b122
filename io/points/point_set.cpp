#include "io/points/point_set.hpp"

#include <numeric>

#include "distributed/kmeans/point_rows.hpp"

namespace rankwise {

Index leave_out(const Communicator& comm, PointSet& set, std::span<const Index> points) {
  const Index count = comm.sum(static_cast<Index>(points.size()));
  if (count == 0) return 0;
  std::vector<Index> places(static_cast<std::size_t>(set.points.mine.size()));
  if (set.places) {
    places = std::move(*set.places);
  } else {
    std::iota(places.begin(), places.end(), Index{0});
  }
  std::vector<Index> kept_points;
  std::vector<Index> kept_places;
  auto next_out = points.begin();
  for (Index p = 0; p < set.points.mine.size(); ++p) {
    if (next_out != points.end() && *next_out == p) {
      ++next_out;
      continue;
    }
    kept_points.push_back(p);
    kept_places.push_back(places[static_cast<std::size_t>(p)]);
  }
  set.points = select_rows(comm, set.points, kept_points);
  set.places = std::move(kept_places);
  return count;
}

}  // namespace rankwise
