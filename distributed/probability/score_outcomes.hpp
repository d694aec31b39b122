#pragma once
// What became of listed pairs of users and items, counted by the item's popularity and by the score.

#include <cstddef>
#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "kernels/statistics/isotonic.hpp"

namespace rankwise {

/// Scores in ascending bins, each of which has the floats of the same upper 16 bits: 128 bins between a power of two
/// and the next. Counts of bins do not depend on the order of pairs, so that ranks may have any of them.
inline constexpr std::size_t score_bins = std::size_t{1} << 16;

/// The bin of a finite score.
[[nodiscard]] std::size_t score_bin(float score);
/// The least score of a bin, which may lie outside the finite floats.
[[nodiscard]] float lowest_score(std::size_t bin);

class ScoreOutcomes {
 public:
  explicit ScoreOutcomes(std::size_t bands) : bins_(bands, std::vector<Outcomes>(score_bins)) {}

  void add(std::size_t band, float score, bool is_success) {
    Outcomes& bin = bins_[band][score_bin(score)];
    ++bin.events;
    bin.successes += is_success ? 1 : 0;
  }
  /// Over all ranks. Collective over comm.
  void sum(const Communicator& comm);

  [[nodiscard]] std::size_t bands() const { return bins_.size(); }
  [[nodiscard]] std::span<const Outcomes> band(std::size_t band) const { return bins_[band]; }
  [[nodiscard]] Outcomes total() const;

 private:
  std::vector<std::vector<Outcomes>> bins_;
};

}  // namespace rankwise
