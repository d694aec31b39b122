#include "distributed/probability/score_outcomes.hpp"

#include <bit>
#include <cstdint>

#include "kernels/base/types.hpp"

namespace rankwise {

namespace {

constexpr std::uint32_t sign = 0x80000000U;

/// Whole numbers in the order of the floats; -0 as 0.
std::uint32_t ordered_bits(float score) {
  const auto bits = std::bit_cast<std::uint32_t>(score == 0.0F ? 0.0F : score);
  return (bits & sign) != 0 ? ~bits : bits | sign;
}

}  // namespace

std::size_t score_bin(float score) {
  return ordered_bits(score) >> 16;
}

float lowest_score(std::size_t bin) {
  const std::uint32_t ordered = static_cast<std::uint32_t>(bin) << 16;
  return std::bit_cast<float>((ordered & sign) != 0 ? ordered & ~sign : ~ordered);
}

void ScoreOutcomes::sum(const Communicator& comm) {
  std::vector<Index> counts(2 * score_bins);
  for (std::vector<Outcomes>& band : bins_) {
    for (std::size_t bin = 0; bin < score_bins; ++bin) {
      counts[2 * bin] = band[bin].events;
      counts[2 * bin + 1] = band[bin].successes;
    }
    comm.all_reduce_sum(std::span<Index>(counts));
    for (std::size_t bin = 0; bin < score_bins; ++bin) band[bin] = {counts[2 * bin], counts[2 * bin + 1]};
  }
}

Outcomes ScoreOutcomes::total() const {
  Outcomes sum;
  for (const std::vector<Outcomes>& band : bins_) {
    for (const Outcomes& bin : band) sum += bin;
  }
  return sum;
}

}  // namespace rankwise
