#include "jobs/sweep/plan/search.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <fmt/format.h>
#include <numeric>
#include <set>

#include "kernels/base/error.hpp"
#include "kernels/base/philox.hpp"

namespace rankwise {

namespace {

using Uniforms = std::vector<double>;  ///< one per parameter

/// Joe and Kuo, "Constructing Sobol sequences with better two-dimensional projections", SIAM J. Sci. Comput. 2008: the
/// primitive polynomials and first direction numbers of the dimensions after the first.
struct SobolDimension {
  std::uint32_t degree;
  std::uint32_t polynomial;
  std::array<std::uint32_t, 5> first;
};
constexpr std::array<SobolDimension, most_sobol_parameters - 1> sobol_dimensions{{{1, 0, {1}},
                                                                                  {2, 1, {1, 3}},
                                                                                  {3, 1, {1, 3, 1}},
                                                                                  {3, 2, {1, 1, 1}},
                                                                                  {4, 1, {1, 1, 3, 3}},
                                                                                  {4, 4, {1, 3, 5, 13}},
                                                                                  {5, 2, {1, 1, 5, 5, 17}},
                                                                                  {5, 4, {1, 1, 5, 5, 5}},
                                                                                  {5, 7, {1, 1, 7, 11, 19}},
                                                                                  {5, 11, {1, 1, 5, 1, 1}},
                                                                                  {5, 13, {1, 1, 1, 3, 11}}}};

constexpr std::uint32_t bits = 32;

std::array<std::uint32_t, bits> direction_numbers(std::size_t dimension) {
  std::array<std::uint32_t, bits> numbers{};
  if (dimension == 0) {
    for (std::uint32_t b = 0; b < bits; ++b) numbers[b] = 1U << (bits - 1 - b);
    return numbers;
  }
  const SobolDimension& of = sobol_dimensions[dimension - 1];
  for (std::uint32_t b = 0; b < of.degree; ++b) numbers[b] = of.first[b] << (bits - 1 - b);
  for (std::uint32_t b = of.degree; b < bits; ++b) {
    numbers[b] = numbers[b - of.degree] ^ (numbers[b - of.degree] >> of.degree);
    for (std::uint32_t k = 1; k < of.degree; ++k) {
      if (((of.polynomial >> (of.degree - 1 - k)) & 1U) != 0) numbers[b] ^= numbers[b - k];
    }
  }
  return numbers;
}

std::vector<Uniforms> sobol_uniforms(std::size_t parameters, Index count, const RandomStream& random) {
  if (parameters > most_sobol_parameters) {
    throw Error(ExitCode::usage, fmt::format("--search sobol: {} parameters have several values; expected at most {}",
                                             parameters, most_sobol_parameters));
  }
  std::vector<Uniforms> uniforms(static_cast<std::size_t>(count), Uniforms(parameters));
  for (std::size_t d = 0; d < parameters; ++d) {
    const auto numbers = direction_numbers(d);
    std::uint32_t state = random.words(static_cast<Index>(d), 0)[0];  // the seed's shift
    for (std::size_t n = 0; n < uniforms.size(); ++n) {
      uniforms[n][d] = std::ldexp(static_cast<double>(state), -static_cast<int>(bits));
      state ^= numbers[static_cast<std::size_t>(std::countr_one(static_cast<std::uint32_t>(n)))];
    }
  }
  return uniforms;
}

std::vector<Uniforms> latin_uniforms(std::size_t parameters, Index count, const RandomStream& random) {
  std::vector<Uniforms> uniforms(static_cast<std::size_t>(count), Uniforms(parameters));
  for (std::size_t d = 0; d < parameters; ++d) {
    const auto row = static_cast<Index>(d);
    std::vector<Index> strata(uniforms.size());
    std::iota(strata.begin(), strata.end(), Index{0});
    std::ranges::sort(strata, {}, [&](Index s) { return random.uniform(row, static_cast<std::uint32_t>(s)); });
    for (std::size_t n = 0; n < uniforms.size(); ++n) {
      const double within = random.uniform(row, static_cast<std::uint32_t>(count + static_cast<Index>(n)));
      uniforms[n][d] = (static_cast<double>(strata[n]) + within) / static_cast<double>(count);
    }
  }
  return uniforms;
}

std::vector<Uniforms> random_uniforms(std::size_t parameters, Index count, const RandomStream& random) {
  std::vector<Uniforms> uniforms(static_cast<std::size_t>(count), Uniforms(parameters));
  for (std::size_t n = 0; n < uniforms.size(); ++n) {
    for (std::size_t d = 0; d < parameters; ++d) {
      uniforms[n][d] = random.uniform(static_cast<Index>(d), static_cast<std::uint32_t>(n));
    }
  }
  return uniforms;
}

/// Every combination, the last parameter changing fastest; each point once.
std::vector<SearchPoint> grid_points(const Space& space, Index most) {
  std::vector<SearchPoint> points;
  std::set<SearchPoint> known;
  double combinations = 1;
  for (const Parameter& parameter : space) {
    if (parameter.count() == 0) {
      throw Error(ExitCode::usage, fmt::format("option {}: a grid needs the number of points: as in log 1e-4 .. 1e-1 "
                                               "x 8",
                                               parameter.name));
    }
    combinations *= static_cast<double>(parameter.count());
  }
  constexpr double most_combinations = 1e7;
  if (combinations > most_combinations) {
    throw Error(ExitCode::usage, fmt::format("the grid has {:.3g} combinations; expected at most {:.0e}", combinations,
                                             most_combinations));
  }
  std::vector<Index> places(space.size(), 0);
  std::vector<std::string> values(space.size());
  while (true) {
    for (std::size_t p = 0; p < space.size(); ++p) values[p] = space[p].value_at(places[p]);
    SearchPoint point = point_of(space, values);
    if (known.insert(point).second) points.push_back(std::move(point));
    if (static_cast<Index>(points.size()) > most) {
      throw Error(ExitCode::usage, fmt::format("the grid has more than --max-trials {} points", most));
    }
    std::size_t p = space.size();
    while (p > 0 && ++places[p - 1] == space[p - 1].count()) places[--p] = 0;
    if (p == 0) return points;
  }
}

}  // namespace

std::vector<SearchPoint> search_points(const Space& space, SearchDesign design, Index count, Index most,
                                       std::uint64_t seed) {
  if (design == SearchDesign::grid) return grid_points(space, most);
  if (count > most) {
    throw Error(ExitCode::usage, fmt::format("--trials {}: expected at most --max-trials {}", count, most));
  }
  std::vector<std::size_t> varied;
  for (std::size_t p = 0; p < space.size(); ++p) {
    if (!space[p].is_fixed()) varied.push_back(p);
  }
  const RandomStream random(seed, RandomPurpose::sweep_points);
  const std::vector<Uniforms> uniforms = design == SearchDesign::sobol ? sobol_uniforms(varied.size(), count, random)
                                         : design == SearchDesign::latin_hypercube
                                             ? latin_uniforms(varied.size(), count, random)
                                             : random_uniforms(varied.size(), count, random);
  std::vector<SearchPoint> points;
  std::set<SearchPoint> known;
  for (const Uniforms& drawn : uniforms) {
    std::vector<std::string> values(space.size());
    for (std::size_t p = 0; p < space.size(); ++p) {
      if (space[p].is_fixed()) values[p] = space[p].value_at(0);
    }
    for (std::size_t d = 0; d < varied.size(); ++d) values[varied[d]] = space[varied[d]].value_of(drawn[d]);
    SearchPoint point = point_of(space, values);
    if (known.insert(point).second) points.push_back(std::move(point));
  }
  return points;
}

std::vector<Rung> halving_rungs(Index trials, Index epochs, Index least_epochs, double factor) {
  if (least_epochs > epochs) {
    throw Error(ExitCode::usage,
                fmt::format("--halving-epochs {}: expected at most --epochs {}", least_epochs, epochs));
  }
  std::vector<Rung> rungs;
  double alive = static_cast<double>(trials);
  double length = static_cast<double>(least_epochs);
  while (true) {
    const Index rung_epochs = std::min(epochs, static_cast<Index>(std::llround(length)));
    rungs.push_back({std::max<Index>(1, static_cast<Index>(std::ceil(alive))), rung_epochs});
    if (rung_epochs >= epochs) return rungs;
    alive = std::max(1.0, alive / factor);
    length *= factor;
  }
}

std::vector<std::size_t> promoted(std::span<const double> scores, std::size_t count, Direction direction) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
    if (std::isnan(scores[a]) || std::isnan(scores[b])) return !std::isnan(scores[a]) && std::isnan(scores[b]);
    return direction == Direction::maximize ? scores[a] > scores[b] : scores[a] < scores[b];
  });
  order.resize(std::min(count, order.size()));
  std::ranges::sort(order);
  return order;
}

}  // namespace rankwise
