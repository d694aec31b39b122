#pragma once
// Which search fits the iterations, learned from a few rows.

#include <memory>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/kmeans/nearest_search.hpp"
#include "distributed/kmeans/points.hpp"

namespace rankwise {

/// How distances are saved by bounds: no choice changes a bit of the result.
enum class Pruning { automatic, off, hamerly, yinyang };

struct PruningOptions {
  Pruning pruning = Pruning::automatic;
  /// Bounds take at most so many bytes per row; where that is too little for those of `pruning`, none are kept.
  Index bound_bytes_per_row = 1024;
};

/// The search of one Lloyd run. With Pruning::automatic it begins without bounds. Scouts, one in some hundred rows, are
/// searched with every kind of bounds meanwhile; as soon as these promise to save time, all rows get them. What the
/// scouts save is counted, not timed, so that runs can be repeated; what is chosen changes no bit of the result.
class SearchChoice {
 public:
  /// `comm` and `points` outlive it. Collective over comm.
  SearchChoice(const Communicator& comm, const PruningOptions& options, const Points& points, Index clusters);

  /// The search for these centroids; before each assignment.
  NearestSearch& aim_at(ConstMatrixView centroids);
  /// Nothing is known of the local row any more: it was put into another cluster.
  void forget(Index row) {
    if (search_) search_->forget(row);
  }
  [[nodiscard]] SearchKind kind() const { return kind_; }

  /// Sends the scouts to the centroids of the last aim_at(), and may change the search of the next. Collective over
  /// comm.
  void scout();

 private:
  /// A search of the scouts.
  struct Scout {
    SearchKind kind;
    std::unique_ptr<NearestSearch> search;
    std::vector<std::int32_t> nearest;
  };
  void enlist();

  const Communicator& comm_;
  PruningOptions options_;
  const Points& points_;
  Index clusters_;
  SearchKind kind_ = SearchKind::plain;
  std::unique_ptr<NearestSearch> search_;
  Points scouting_points_;
  std::vector<Scout> scouts_;
};

/// Predicted nanoseconds per row of a search by `kind` that scores `scored` centroids of a row on average.
[[nodiscard]] double search_nanoseconds(SearchKind kind, double scored, Index clusters, Index dimensions);

}  // namespace rankwise
