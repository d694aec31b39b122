#pragma once
// Which points of the space a sweep tries, and for how long. Pure functions of space and seed.

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "jobs/sweep/plan/space.hpp"

namespace rankwise {

enum class SearchDesign {
  grid,             ///< every combination
  random,           ///< independent draws
  sobol,            ///< low discrepancy: Sobol's sequence, shifted by the seed
  latin_hypercube,  ///< each parameter's range in as many strata as there are points
};

/// What a point comes to: itself, or a point without those of its options that have no effect.
using PointMeaning = std::function<SearchPoint(SearchPoint)>;

struct FoundPoints {
  std::vector<SearchPoint> points;  ///< in the order of their trials, none twice
  Index combinations = 0;           ///< that were tried; those that come to the same are one point
};

/// Combinations of values, and what they come to. Of a design other than the grid points may be fewer than `count`,
/// which the grid has no use for. Throws Error(usage) where the grid has a range without points or more than `most`
/// points, two alternatives of a parameter hold at once, or Sobol has too many parameters.
[[nodiscard]] FoundPoints search_points(const Space& space, SearchDesign design, Index count, Index most,
                                        std::uint64_t seed, const PointMeaning& meaning = std::identity());
inline constexpr Index most_combinations = 10'000'000;

/// Parameters that Sobol's sequence here can tell apart.
inline constexpr std::size_t most_sobol_parameters = 12;

/// One level of successive halving: so many trials go on until they have had so many epochs.
struct Rung {
  Index trials = 0;
  Index epochs = 0;
  friend bool operator==(const Rung&, const Rung&) = default;
};

/// Successive halving (Jamieson and Talwalkar, AISTATS 2016): all trials get `least_epochs`, the best 1/factor of them
/// factor times as many, and so on; the last rung has `epochs`. Without halving there is one rung of all trials.
/// Throws Error(usage) where least_epochs > epochs.
[[nodiscard]] std::vector<Rung> halving_rungs(Index trials, Index epochs, Index least_epochs, double factor);

/// Which scores are better.
enum class Direction { maximize, minimize };

/// The places of the best `count` scores, ascending; the lower place of equals; NaN never before a number.
[[nodiscard]] std::vector<std::size_t> promoted(std::span<const double> scores, std::size_t count, Direction direction);

}  // namespace rankwise
