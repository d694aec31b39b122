#include "distributed/synthetic/log.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>

#include "distributed/synthetic/draws.hpp"
#include "kernels/base/time_units.hpp"

namespace rankwise {

namespace {

/// E[min(X, cap)] of a log-normal X.
double capped_mean(double location, double spread, double cap) {
  const auto normal_cdf = [](double z) { return 0.5 * std::erfc(-z / std::numbers::sqrt2); };
  const double z = (std::log(cap) - location) / spread;
  return std::exp(location + spread * spread / 2) * normal_cdf(z - spread) + cap * normal_cdf(-z);
}

/// The location of the log-normal (rows - 1) that gives users the asked mean although no user exceeds the cap.
double location_for(const SyntheticShape& shape) {
  constexpr double no_further_rows = -1000;  // exp of it is 0
  const double mean = shape.interactions / static_cast<double>(shape.users) - 1;
  const double cap = static_cast<double>(shape.largest_row() - 1);
  if (mean <= 0) return no_further_rows;
  const double spread = std::max(shape.activity_spread, 1e-6);
  double low = std::log(mean) - 20;
  double high = std::log(cap) + 20;
  for (int step = 0; step < 100; ++step) {
    const double middle = (low + high) / 2;
    (capped_mean(middle, spread, cap) < mean ? low : high) = middle;
  }
  return (low + high) / 2;
}

/// Marks of the items that one user has; made once per thread, emptied in time proportional to what was marked.
class ItemSet {
 public:
  void resize(Index items) { words_.resize(static_cast<std::size_t>(items + 63) / 64); }
  /// False where the item was in already.
  bool insert(Index item) {
    std::uint64_t& word = words_[static_cast<std::size_t>(item) / 64];
    const std::uint64_t bit = std::uint64_t{1} << (item % 64);
    return (word & bit) == 0 && (word |= bit) != 0;
  }
  void clear(const std::vector<Index>& marked) {
    for (const Index item : marked) words_[static_cast<std::size_t>(item) / 64] = 0;
  }

 private:
  std::vector<std::uint64_t> words_;
};

}  // namespace

SyntheticLog::SyntheticLog(const SyntheticShape& shape)
    : shape_((shape.validate(), shape)),
      catalogue_(shape),
      activity_location_(location_for(shape)),
      own_bound_(std::min(2 * shape.signal * shape.user_spread, 2.5)) {}

SyntheticUser SyntheticLog::user(Index user) const {
  Draws draws(shape_.seed, RandomPurpose::synthetic_users, user);
  SyntheticUser planted;
  planted.segment = catalogue_.segment_at(draws.uniform());
  const double cap = static_cast<double>(shape_.largest_row() - 1);
  const double further = std::min(std::exp(activity_location_ + shape_.activity_spread * draws.normal()), cap);
  planted.clean_rows = 1 + static_cast<Index>(further + draws.uniform());
  const double scale = shape_.user_spread / std::sqrt(static_cast<double>(shape_.factors));
  for (const float taste : catalogue_.segment_factors(planted.segment)) {
    planted.own_taste.push_back(scale * draws.normal());
    planted.factors.push_back(static_cast<float>(double{taste} + planted.own_taste.back()));
  }
  return planted;
}

double SyntheticLog::own_exponent(const SyntheticUser& planted, Index item) const {
  const std::span<const float> y = catalogue_.item_factors(item);
  double sum = 0;
  for (std::size_t f = 0; f < y.size(); ++f) sum += planted.own_taste[f] * double{y[f]};
  return std::clamp(shape_.signal * sum, -own_bound_, own_bound_);
}

double SyntheticLog::choice_weight(const SyntheticUser& planted, Index item) const {
  return catalogue_.choice_probability(planted.segment, item) * std::exp(own_exponent(planted, item));
}

std::vector<Index> SyntheticLog::choose_items(Index user, const SyntheticUser& planted) const {
  const auto wanted = static_cast<std::size_t>(planted.clean_rows);
  // Drawing again and again for what is new gets slow where a user has much of what is liked; the race costs one pass.
  if (planted.clean_rows > shape_.items / 16) return race_items(user, planted);
  const std::size_t attempts = 4096 + 64 * wanted;
  static thread_local ItemSet taken;
  taken.resize(shape_.items);
  std::vector<Index> chosen;
  chosen.reserve(wanted);
  Draws draws(shape_.seed, RandomPurpose::synthetic_log, user);
  for (std::size_t attempt = 0; attempt < attempts && chosen.size() < wanted; ++attempt) {
    const PhiloxCounter w = draws.words();
    const double quantile = static_cast<double>((std::uint64_t{w[0]} << 32 | w[1]) >> 11) * 0x1.0p-53;
    const Index item = catalogue_.item_at(planted.segment, quantile);
    const double accepted = std::exp(own_exponent(planted, item) - own_bound_);
    if (w[2] * 0x1.0p-32 < accepted && taken.insert(item)) chosen.push_back(item);
  }
  taken.clear(chosen);
  return chosen.size() == wanted ? chosen : race_items(user, planted);
}

/// The same law in one pass over the catalogue: the order of exponential arrival times with the weights as rates is the
/// order of successive choices without replacement (Efraimidis and Spirakis, "Weighted random sampling with a
/// reservoir", 2006).
std::vector<Index> SyntheticLog::race_items(Index user, const SyntheticUser& planted) const {
  std::vector<std::pair<double, Index>> arrivals(static_cast<std::size_t>(shape_.items));
  Draws draws(shape_.seed, RandomPurpose::synthetic_race, user);
  for (Index item = 0; item < shape_.items; ++item) {
    const double weight = choice_weight(planted, item);
    arrivals[static_cast<std::size_t>(item)] = {-std::log1p(-draws.uniform()) / std::max(weight, 1e-300), item};
  }
  const auto end = arrivals.begin() + planted.clean_rows;
  std::nth_element(arrivals.begin(), end - 1, arrivals.end());
  std::sort(arrivals.begin(), end);
  std::vector<Index> chosen;
  for (auto arrival = arrivals.begin(); arrival != end; ++arrival) chosen.push_back(arrival->second);
  return chosen;
}

std::vector<SyntheticRow> SyntheticLog::rows(Index user) const {
  const SyntheticUser planted = this->user(user);
  std::vector<SyntheticRow> rows;
  rows.reserve(static_cast<std::size_t>(planted.clean_rows));
  for (const Index item : choose_items(user, planted)) rows.push_back({.user = user, .item = item});
  set_times(user, planted, rows);
  set_values(user, planted, rows);
  const std::size_t clean = rows.size();
  add_dirt(user, rows);
  add_outliers(user, clean, rows);
  set_wrong_ratings(user, clean, rows);
  std::stable_sort(rows.begin(), rows.end(),
                   [](const SyntheticRow& a, const SyntheticRow& b) { return a.timestamp < b.timestamp; });
  return rows;
}

void SyntheticLog::set_times(Index user, const SyntheticUser& planted, std::vector<SyntheticRow>& rows) const {
  constexpr int tries = 16;  // enough for both densities, whose means are above a third of their heights
  Draws draws(shape_.seed, RandomPurpose::synthetic_times, user);
  const Index first_day = shape_.start / seconds_per_day;
  const Index joined = first_day + draws.below((shape_.days * 7 + 9) / 10);
  std::vector<std::int64_t> visits(static_cast<std::size_t>(
      std::max<Index>(1, std::llround(static_cast<double>(planted.clean_rows) / shape_.basket_size))));
  for (std::int64_t& visit : visits) {
    Index day = joined;
    for (int t = 0; t < tries; ++t) {
      day = joined + draws.below(first_day + shape_.days - joined);
      if (draws.uniform() < synthetic_demand(day)) break;
    }
    constexpr std::int64_t opening = 7 * 3600;
    // Two uniforms make a triangle: busiest in the middle of the afternoon.
    const std::int64_t second = opening + draws.below(8 * 3600) + draws.below(8 * 3600);
    visit = day * seconds_per_day + second;
  }
  for (SyntheticRow& row : rows) {
    for (int t = 0; t < tries; ++t) {
      row.timestamp = visits[static_cast<std::size_t>(draws.below(static_cast<Index>(visits.size())))];
      if (draws.uniform() < catalogue_.season(planted.segment, row.item, row.timestamp / seconds_per_day)) break;
    }
    // Ratings of a visit are given one after the other; a basket is paid at once.
    if (shape_.kind == SyntheticKind::ratings) row.timestamp += draws.below(1800);
  }
}

void SyntheticLog::set_values(Index user, const SyntheticUser& planted, std::vector<SyntheticRow>& rows) const {
  Draws draws(shape_.seed, RandomPurpose::synthetic_values, user);
  if (shape_.kind == SyntheticKind::purchases) {
    for (SyntheticRow& row : rows) {
      // Geometric, mostly 1; some categories are bought by the dozen.
      const double more = 0.1 + 0.05 * (catalogue_.category(row.item) % 9);
      row.value =
          1 + std::min<std::int64_t>(47, std::llround(std::floor(std::log1p(-draws.uniform()) / std::log(more))));
      row.price_cents = catalogue_.price_cents(row.item);
    }
    return;
  }
  constexpr double mean = 3.6;
  constexpr double user_bias = 0.4;
  constexpr double taste_weight = 1.0;
  constexpr double noise = 0.65;
  const double bias = user_bias * draws.normal();
  const double scale = taste_weight / std::sqrt(1 + shape_.user_spread * shape_.user_spread);
  std::vector<double> affinities;
  double mean_affinity = 0;
  for (const SyntheticRow& row : rows) {
    const std::span<const float> y = catalogue_.item_factors(row.item);
    double affinity = 0;
    for (std::size_t f = 0; f < y.size(); ++f) affinity += double{planted.factors[f]} * double{y[f]};
    affinities.push_back(affinity);
    mean_affinity += affinity / static_cast<double>(rows.size());
  }
  for (std::size_t r = 0; r < rows.size(); ++r) {
    // Users choose what they like and grade it against what else they chose.
    const double taste = scale * (affinities[r] - mean_affinity);
    const double rating = mean + bias + catalogue_.rating_bias(rows[r].item) + taste + noise * draws.normal();
    rows[r].value = std::clamp<std::int64_t>(std::llround(rating), 1, 5);
  }
}

void SyntheticLog::add_dirt(Index user, std::vector<SyntheticRow>& rows) const {
  if (shape_.dirt <= 0 && shape_.broken_lines <= 0) return;
  constexpr std::array kinds{SyntheticDirt::duplicate, SyntheticDirt::repeat, SyntheticDirt::missing_user,
                             SyntheticDirt::cancellation, SyntheticDirt::zero_price};
  const Index kind_count = shape_.kind == SyntheticKind::purchases ? 5 : 3;
  Draws draws(shape_.seed, RandomPurpose::synthetic_dirt, user);
  const std::size_t clean = rows.size();
  const std::int64_t end = (shape_.start / seconds_per_day + shape_.days) * seconds_per_day;
  for (std::size_t r = 0; r < clean; ++r) {
    if (draws.uniform() < shape_.broken_lines) {
      rows.push_back(rows[r]);
      rows.back().dirt = SyntheticDirt::broken;
    }
    if (draws.uniform() >= shape_.dirt) continue;
    SyntheticRow row = rows[r];
    row.dirt = kinds[static_cast<std::size_t>(draws.below(kind_count))];
    const std::int64_t later = std::min(row.timestamp + 3600 + draws.below(14 * seconds_per_day), end - 1);
    switch (row.dirt) {
      case SyntheticDirt::repeat:
        row.timestamp = later;
        row.value = shape_.kind == SyntheticKind::purchases ? row.value + 1 + draws.below(3) : 1 + row.value % 5;
        break;
      case SyntheticDirt::cancellation:
        row.timestamp = later;
        row.value = -row.value;
        break;
      case SyntheticDirt::zero_price:
        row.timestamp = later;
        row.price_cents = 0;
        break;
      default:
        break;
    }
    rows.push_back(row);
  }
}

// By draws of its own: with it and without, all other rows are the same.
void SyntheticLog::add_outliers(Index user, std::size_t clean, std::vector<SyntheticRow>& rows) const {
  if (shape_.outlier_rows <= 0) return;
  constexpr std::uint64_t seed_step = 0xA24BAED4963EE407ULL;
  constexpr std::int64_t times = 10'000;
  Draws draws(shape_.seed + seed_step, RandomPurpose::synthetic_dirt, user);
  for (std::size_t r = 0; r < clean; ++r) {
    if (draws.uniform() >= shape_.outlier_rows) continue;
    SyntheticRow row = rows[r];
    row.dirt = SyntheticDirt::outlier;
    row.value *= times;
    ++row.timestamp;
    rows.push_back(row);
  }
}

// By draws of its own, after all others: with it and without, all other rows are the same.
void SyntheticLog::set_wrong_ratings(Index user, std::size_t clean, std::vector<SyntheticRow>& rows) const {
  if (shape_.wrong_ratings <= 0) return;
  constexpr std::uint64_t seed_step = 0xC2B2AE3D27D4EB4FULL;
  constexpr std::int64_t lowest = 1;
  constexpr std::int64_t highest = 5;
  Draws draws(shape_.seed + seed_step, RandomPurpose::synthetic_dirt, user);
  for (std::size_t r = 0; r < clean; ++r) {
    if (draws.uniform() >= shape_.wrong_ratings) continue;
    rows[r].value = 2 * rows[r].value >= lowest + highest ? lowest : highest;
    rows[r].dirt = SyntheticDirt::wrong_rating;
  }
}

std::vector<SyntheticRow> SyntheticLog::bot_rows(Index bot) const {
  constexpr std::uint64_t seed_step = 0x9FB21C651E98DF25ULL;
  constexpr std::int64_t seconds_apart = 60;
  constexpr std::int64_t best_rating = 5;
  Draws draws(shape_.seed + seed_step, RandomPurpose::synthetic_dirt, bot);
  const Index day = shape_.start / seconds_per_day + draws.below(shape_.days);
  const Index first = draws.below(shape_.items);
  std::vector<SyntheticRow> rows;
  for (Index i = 0; i < std::min(most_bot_items, shape_.items); ++i) {
    SyntheticRow& row = rows.emplace_back();
    row.user = shape_.users + bot;
    row.item = (first + i) % shape_.items;
    row.value = shape_.kind == SyntheticKind::purchases ? 1 : best_rating;
    row.price_cents = shape_.kind == SyntheticKind::purchases ? catalogue_.price_cents(row.item) : 0;
    row.timestamp = day * seconds_per_day + i * seconds_apart;
    row.dirt = SyntheticDirt::bot;
  }
  return rows;
}

std::string_view dirt_name(SyntheticDirt dirt) {
  constexpr std::array<std::string_view, 10> names{
      "",           "exact-repeat", "repeat",  "missing-user", "cancellation",
      "zero-price", "unreadable",   "outlier", "wrong-rating", "bot"};
  return names[static_cast<std::size_t>(dirt)];
}

}  // namespace rankwise
