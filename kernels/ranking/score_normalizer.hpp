#pragma once
// One user's scores by a model on a scale that scores of other models have, too.

#include <cstdint>
#include <span>
#include <vector>

namespace rankwise {

enum class ScoreNormalization {
  standard,  ///< score less mean, over the (population's) standard deviation; 0 if all scores are equal
  rank       ///< the midrank among n scores, scaled to (midrank - 1) / (n - 1); 0.5 if all scores are equal
};

/// For one thread. All arithmetic is in double and in one order, so that the bits are the same on every machine.
class ScoreNormalizer {
 public:
  explicit ScoreNormalizer(ScoreNormalization kind) : kind_(kind) {}

  /// Writes the normalized score of each of `scores`, which are finite and fewer than 2^32, to the same place. Whether
  /// the scores differ: those that do not order nothing.
  bool normalize(std::span<const float> scores, std::span<double> normalized);

 private:
  void standardize(std::span<const float> scores, std::span<double> normalized) const;
  void rank(std::span<const float> scores, std::span<double> normalized);

  ScoreNormalization kind_;
  std::vector<std::uint64_t> keys_;  // of scores that are not 0: they order as scores and then as places do
};

}  // namespace rankwise
