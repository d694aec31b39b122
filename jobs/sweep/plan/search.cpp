#include "jobs/sweep/plan/search.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <fmt/format.h>
#include <numeric>
#include <set>
#include <utility>

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

/// Keeps what combinations come to, each point once.
class PointSet {
 public:
  PointSet(Index most, const PointMeaning& meaning) : most_(most), meaning_(meaning) {}

  void add(SearchPoint combination) {
    if (++found_.combinations > most_combinations) {
      throw Error(ExitCode::usage,
                  fmt::format("the grid has more than {} combinations; expected fewer values", most_combinations));
    }
    SearchPoint point = meaning_(std::move(combination));
    if (known_.insert(point).second) found_.points.push_back(std::move(point));
    if (static_cast<Index>(found_.points.size()) <= most_) return;
    throw Error(ExitCode::usage, fmt::format("the grid has more than --max-trials {} points", most_));
  }
  [[nodiscard]] FoundPoints take() { return std::move(found_); }

 private:
  Index most_;
  const PointMeaning& meaning_;
  FoundPoints found_;
  std::set<SearchPoint> known_;
};

/// Every combination from the parameter `next` on, the last one changing fastest.
void add_combinations(const Space& space, std::size_t next, SearchPoint& point, PointSet& points) {
  if (next == space.size()) return points.add(point);
  const Parameter& parameter = space[next];
  if (!has_meaning(parameter, point)) return add_combinations(space, next + 1, point, points);
  for (Index place = 0; place < parameter.count(); ++place) {
    point.push_back({parameter.name, parameter.value_at(place)});
    add_combinations(space, next + 1, point, points);
    point.pop_back();
  }
}

void add_grid(const Space& space, PointSet& points) {
  for (const Parameter& parameter : space) {
    if (parameter.count() != 0) continue;
    throw Error(ExitCode::usage, fmt::format("option {}: a grid needs the number of points: as in log 1e-4 .. 1e-1 x 8",
                                             parameter.name));
  }
  SearchPoint point;
  add_combinations(space, 0, point, points);
}

}  // namespace

FoundPoints search_points(const Space& space, SearchDesign design, Index count, Index most, std::uint64_t seed,
                          const PointMeaning& meaning) {
  PointSet points(most, meaning);
  if (design == SearchDesign::grid) {
    add_grid(space, points);
    return points.take();
  }
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
  for (const Uniforms& drawn : uniforms) {
    std::vector<std::string> values(space.size());
    for (std::size_t p = 0; p < space.size(); ++p) {
      if (space[p].is_fixed()) values[p] = space[p].value_at(0);
    }
    for (std::size_t d = 0; d < varied.size(); ++d) values[varied[d]] = space[varied[d]].value_of(drawn[d]);
    points.add(point_of(space, values));
  }
  return points.take();
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
