#include "distributed/synthetic/catalogue.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <numeric>

#include "distributed/synthetic/draws.hpp"
#include "distributed/threads/team_size.hpp"

namespace rankwise {

namespace {

constexpr double days_per_year = 365.2425;
constexpr double category_weight = 0.6;  // share of an item's vector that its category sets
constexpr double rating_bias_spread = 0.35;

double year_wave(double day, double peak) {
  return std::cos(2 * std::numbers::pi * (day - peak) / days_per_year);
}

double length_of(std::span<const double> v) {
  return std::sqrt(std::inner_product(v.begin(), v.end(), v.begin(), 0.0));
}

/// A standard normal vector, scaled to `length`.
std::vector<double> normal_direction(Draws& draws, std::size_t size, double length) {
  std::vector<double> v(size);
  for (double& x : v) x = draws.normal();
  const double scale = length / std::max(length_of(v), 1e-9);
  for (double& x : v) x *= scale;
  return v;
}

/// Popularity ranks in item order: items are not numbered by popularity, as no shop's are.
std::vector<Index> shuffled_ranks(const SyntheticShape& shape) {
  struct Key {
    std::uint64_t key;
    Index item;
    auto operator<=>(const Key&) const = default;
  };
  std::vector<Key> keys(static_cast<std::size_t>(shape.items));
  for (Index item = 0; item < shape.items; ++item) {
    const PhiloxCounter w = RandomStream(shape.seed, RandomPurpose::synthetic_items).words(item, 0);
    keys[static_cast<std::size_t>(item)] = {std::uint64_t{w[0]} << 32 | w[1], item};
  }
  std::sort(keys.begin(), keys.end());
  std::vector<Index> rank(keys.size());
  for (std::size_t r = 0; r < keys.size(); ++r)
    rank[static_cast<std::size_t>(keys[r].item)] = static_cast<Index>(r) + 1;
  return rank;
}

double dot(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t f = 0; f < a.size(); ++f) sum += double{a[f]} * double{b[f]};
  return sum;
}

}  // namespace

SyntheticCatalogue::SyntheticCatalogue(const SyntheticShape& shape)
    : factors_(static_cast<std::size_t>(shape.factors)), items_(shape.items) {
  draw_segments(shape);
  draw_items(shape);
  tabulate_choices(shape);
}

void SyntheticCatalogue::draw_segments(const SyntheticShape& shape) {
  double total = 0;
  for (int s = 0; s < shape.segments; ++s) {
    Draws draws(shape.seed, RandomPurpose::synthetic_segments, s);
    season_strength_.push_back(0.1 + 0.7 * draws.uniform());
    for (const double x : normal_direction(draws, factors_, 1)) segment_factors_.push_back(static_cast<float>(x));
    total += std::pow(s + 2, -0.7);  // a few large segments, many small ones
    segment_quantile_.push_back(total);
  }
  for (double& quantile : segment_quantile_) quantile /= total;
}

void SyntheticCatalogue::draw_items(const SyntheticShape& shape) {
  std::vector<std::vector<double>> centres;
  std::vector<double> log_price;
  for (int c = 0; c < shape.categories; ++c) {
    Draws draws(shape.seed, RandomPurpose::synthetic_categories, c);
    season_peak_.push_back(days_per_year * draws.uniform());
    log_price.push_back(std::log(15.0) + 0.8 * draws.normal());
    centres.push_back(normal_direction(draws, factors_, std::sqrt(static_cast<double>(factors_))));
  }

  const std::vector<Index> rank = shuffled_ranks(shape);
  double total = 0;
  for (Index item = 0; item < items_; ++item) {
    popularity_.push_back(std::pow(static_cast<double>(rank[at(item)]) + shape.zipf_flattening, -shape.zipf_exponent));
    total += popularity_.back();
    Draws draws(shape.seed, RandomPurpose::synthetic_items, item);
    (void)draws.words();  // number 0 set the popularity rank
    const Index category = draws.below(shape.categories);
    category_.push_back(static_cast<int>(category));
    const double price = std::exp(log_price[at(category)] + 0.5 * draws.normal());
    price_cents_.push_back(std::clamp<std::int64_t>(std::llround(100 * price), 1, 100'000'000));
    rating_bias_.push_back(rating_bias_spread * draws.normal());
    std::vector<double> v = normal_direction(draws, factors_, std::sqrt(static_cast<double>(factors_)));
    for (std::size_t f = 0; f < factors_; ++f) {
      v[f] = std::sqrt(category_weight) * centres[at(category)][f] + std::sqrt(1 - category_weight) * v[f];
    }
    const double scale = std::sqrt(static_cast<double>(factors_)) / std::max(length_of(v), 1e-9);
    for (const double x : v) item_factors_.push_back(static_cast<float>(scale * x));
  }
  for (double& share : popularity_) share /= total;
}

void SyntheticCatalogue::tabulate_choices(const SyntheticShape& shape) {
  const auto items = at(items_);
  const auto segments = static_cast<std::size_t>(shape.segments);
  cumulative_.resize(segments * items);
  guide_.resize(segments * items);
  const int threads = team_size(static_cast<double>(segments * items));
#pragma omp parallel for schedule(dynamic) num_threads(threads)
  for (std::size_t s = 0; s < segments; ++s) {
    const std::span<const float> taste = segment_factors(static_cast<int>(s));
    for (std::size_t i = 0; i < items; ++i) {
      cumulative_[s * items + i] = std::exp(shape.signal * dot(taste, item_factors(static_cast<Index>(i))));
    }
  }
  // Alternate between a_i that keep every item's share of all choices and totals that make each segment's shares sum to
  // 1 (Sinkhorn's scaling): a handful of rounds leaves less than the log's own sampling error.
  std::vector<double> segment_total(segments, 1.0);
  std::vector<double> base(items);
  for (int round = 0; round < 5; ++round) {
#pragma omp parallel for schedule(static) num_threads(threads)
    for (std::size_t i = 0; i < items; ++i) {
      double mean = 0;
      for (std::size_t s = 0; s < segments; ++s) {
        const double share = segment_quantile_[s] - (s > 0 ? segment_quantile_[s - 1] : 0.0);
        mean += share * cumulative_[s * items + i] / segment_total[s];
      }
      base[i] = popularity_[i] / mean;
    }
#pragma omp parallel for schedule(dynamic) num_threads(threads)
    for (std::size_t s = 0; s < segments; ++s) {
      segment_total[s] = std::inner_product(base.begin(), base.end(), &cumulative_[s * items], 0.0);
    }
  }
#pragma omp parallel for schedule(dynamic) num_threads(threads)
  for (std::size_t s = 0; s < segments; ++s) {
    const std::span<double> shares = std::span(cumulative_).subspan(s * items, items);
    double sum = 0;
    for (std::size_t i = 0; i < items; ++i) {
      sum += base[i] * shares[i] / segment_total[s];
      shares[i] = std::min(sum, 1.0);
    }
    shares.back() = 1.0;
    std::size_t item = 0;
    for (std::size_t bucket = 0; bucket < items; ++bucket) {
      while (shares[item] <= static_cast<double>(bucket) / static_cast<double>(items)) ++item;
      guide_[s * items + bucket] = static_cast<std::uint32_t>(item);
    }
  }
}

int SyntheticCatalogue::segment_at(double u) const {
  const auto found = std::upper_bound(segment_quantile_.begin(), segment_quantile_.end() - 1, u);
  return static_cast<int>(found - segment_quantile_.begin());
}

Index SyntheticCatalogue::item_at(int segment, double u) const {
  const std::size_t first = at(segment) * at(items_);
  const auto bucket = std::min(static_cast<std::size_t>(u * static_cast<double>(items_)), at(items_) - 1);
  std::size_t item = guide_[first + bucket];
  while (cumulative_[first + item] <= u) ++item;
  return static_cast<Index>(item);
}

double SyntheticCatalogue::choice_probability(int segment, Index item) const {
  const std::size_t entry = at(segment) * at(items_) + at(item);
  return cumulative_[entry] - (item > 0 ? cumulative_[entry - 1] : 0.0);
}

double SyntheticCatalogue::season(int segment, Index item, Index day) const {
  const double strength = season_strength_[at(segment)];
  const double peak = season_peak_[at(category(item))];
  return (1 + strength * year_wave(static_cast<double>(day), peak)) / (1 + strength);
}

double synthetic_demand(Index day) {
  constexpr std::array<double, 7> weekly{0.78, 0.72, 0.74, 0.78, 0.88, 1.0, 0.7};  // Monday first
  constexpr double yearly_strength = 0.35;
  constexpr double yearly_peak = 340;  // early December
  const double yearly =
      (1 + yearly_strength * year_wave(static_cast<double>(day), yearly_peak)) / (1 + yearly_strength);
  return weekly[static_cast<std::size_t>((day + 3) % 7)] * yearly;  // 1970-01-01 was a Thursday
}

}  // namespace rankwise
