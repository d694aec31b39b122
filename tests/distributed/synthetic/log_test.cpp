// The planted log is what it says it is: its law, its counts, its dirt.

#include "distributed/synthetic/log.hpp"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <map>
#include <numeric>
#include <set>
#include <vector>

#include "kernels/base/error.hpp"

namespace rankwise {
namespace {

SyntheticShape small_shape() {
  SyntheticShape shape;
  shape.users = 3000;
  shape.items = 800;
  shape.interactions = 90'000;
  shape.seed = 11;
  return shape;
}

std::vector<SyntheticRow> all_rows(const SyntheticLog& log) {
  std::vector<SyntheticRow> rows;
  for (Index user = 0; user < log.shape().users; ++user) {
    const std::vector<SyntheticRow> of_user = log.rows(user);
    rows.insert(rows.end(), of_user.begin(), of_user.end());
  }
  return rows;
}

std::map<SyntheticDirt, Index> count_kinds(const std::vector<SyntheticRow>& rows) {
  std::map<SyntheticDirt, Index> counts;
  for (const SyntheticRow& row : rows) ++counts[row.dirt];
  return counts;
}

TEST(SyntheticLog, CleanRowsAreWithinBoundsAndNeverRepeat) {
  const SyntheticLog log(small_shape());
  const SyntheticShape& shape = log.shape();
  for (Index user = 0; user < shape.users; ++user) {
    const std::vector<SyntheticRow> rows = log.rows(user);
    EXPECT_EQ(static_cast<Index>(rows.size()), log.user(user).clean_rows);
    std::set<Index> items;
    std::int64_t before = 0;
    for (const SyntheticRow& row : rows) {
      EXPECT_EQ(row.user, user);
      EXPECT_TRUE(items.insert(row.item).second) << "user " << user << " has item " << row.item << " twice";
      EXPECT_TRUE(row.item >= 0 && row.item < shape.items);
      EXPECT_TRUE(row.value >= 1 && row.value <= 48);
      EXPECT_EQ(row.price_cents, log.catalogue().price_cents(row.item));
      EXPECT_GE(row.price_cents, 1);
      EXPECT_TRUE(row.timestamp >= shape.start && row.timestamp < shape.start + shape.days * 86'400);
      EXPECT_GE(row.timestamp, before);
      EXPECT_EQ(row.dirt, SyntheticDirt::none);
      before = row.timestamp;
    }
  }
}

TEST(SyntheticLog, RowCountsFollowTheAskedLogNormal) {
  for (const double per_user : {1.0, 1.5, 8.0, 40.0}) {
    SyntheticShape shape = small_shape();
    shape.users = 20'000;
    shape.interactions = per_user * static_cast<double>(shape.users);
    const SyntheticLog log(shape);
    std::vector<double> counts;
    for (Index user = 0; user < shape.users; ++user) counts.push_back(static_cast<double>(log.user(user).clean_rows));
    const double users = static_cast<double>(shape.users);
    const double mean = std::accumulate(counts.begin(), counts.end(), 0.0) / users;
    double variance = 0;
    for (const double count : counts) variance += (count - mean) * (count - mean) / users;
    EXPECT_NEAR(mean, per_user, 4 * std::sqrt(variance / users) + 1e-12);
    EXPECT_LE(*std::max_element(counts.begin(), counts.end()), static_cast<double>(shape.largest_row()));
    EXPECT_GE(*std::min_element(counts.begin(), counts.end()), 1);
    std::nth_element(counts.begin(), counts.begin() + shape.users / 2, counts.end());
    // Median of 1 + log-normal with this mean (the cut at half of the catalogue matters little here).
    const double median = 1 + (per_user - 1) * std::exp(-shape.activity_spread * shape.activity_spread / 2);
    EXPECT_NEAR(counts[counts.size() / 2], median, 1 + 0.05 * median);
  }
}

/// Users with one row each: the first choice has exactly the documented law. 40 items go by accept and reject, 15 by
/// the race.
TEST(SyntheticLog, FirstChoicesHaveTheDocumentedLawOnBothPaths) {
  for (const Index items : {40, 15}) {
    SyntheticShape shape;
    shape.users = 40'000;
    shape.items = items;
    shape.interactions = 40'000;
    shape.signal = 1.5;
    shape.user_spread = 0.7;
    shape.zipf_flattening = 1;
    const SyntheticLog log(shape);
    const auto count = static_cast<std::size_t>(items);
    std::vector<double> surplus(count, 0.0);
    std::vector<double> variance(count, 0.0);
    double weight_surplus = 0;  // of the logarithm of the chosen weight: tells whether the own taste has its effect
    double weight_variance = 0;
    for (Index user = 0; user < shape.users; ++user) {
      const SyntheticUser planted = log.user(user);
      std::vector<double> p(count);
      for (std::size_t i = 0; i < count; ++i) p[i] = log.choice_weight(planted, static_cast<Index>(i));
      const double total = std::accumulate(p.begin(), p.end(), 0.0);
      const auto chosen = static_cast<std::size_t>(log.rows(user).at(0).item);
      double mean = 0;
      double square = 0;
      for (std::size_t i = 0; i < count; ++i) {
        const double logarithm =
            std::log(p[i] / log.catalogue().choice_probability(planted.segment, static_cast<Index>(i)));
        p[i] /= total;
        surplus[i] += (i == chosen ? 1.0 : 0.0) - p[i];
        variance[i] += p[i] * (1 - p[i]);
        mean += p[i] * logarithm;
        square += p[i] * logarithm * logarithm;
        if (i == chosen) weight_surplus += logarithm;
      }
      weight_surplus -= mean;
      weight_variance += square - mean * mean;
    }
    for (std::size_t i = 0; i < count; ++i) EXPECT_LT(std::abs(surplus[i]), 4.5 * std::sqrt(variance[i])) << i;
    EXPECT_LT(std::abs(weight_surplus), 4.5 * std::sqrt(weight_variance));
    EXPECT_GT(weight_variance / 40'000, 0.1);  // else the line above says nothing
  }
}

/// Three choices without replacement by popularity alone: how often an item is among them, against every ordered
/// triple. 48 items go by accept and reject, 44 by the race.
TEST(SyntheticLog, ChoicesWithoutReplacementHaveTheirExactLawOnBothPaths) {
  for (const Index items : {48, 44}) {
    SyntheticShape shape;
    shape.users = 40'000;
    shape.items = items;
    shape.interactions = 3 * 40'000;
    shape.activity_spread = 0;
    shape.signal = 0;
    shape.zipf_flattening = 0;
    const SyntheticLog log(shape);
    const auto count = static_cast<std::size_t>(items);
    std::vector<double> p(count);
    for (std::size_t i = 0; i < count; ++i) p[i] = log.catalogue().popularity(static_cast<Index>(i));
    std::vector<double> included(count, 0.0);
    for (std::size_t a = 0; a < count; ++a) {
      for (std::size_t b = 0; b < count; ++b) {
        for (std::size_t c = 0; c < count; ++c) {
          if (a == b || b == c || a == c) continue;
          const double triple = p[a] * p[b] / (1 - p[a]) * p[c] / (1 - p[a] - p[b]);
          included[a] += triple;
          included[b] += triple;
          included[c] += triple;
        }
      }
    }
    std::vector<double> observed(count, 0.0);
    for (const SyntheticRow& row : all_rows(log)) observed[static_cast<std::size_t>(row.item)] += 1;
    EXPECT_EQ(std::accumulate(observed.begin(), observed.end(), 0.0), shape.interactions);
    for (std::size_t i = 0; i < count; ++i) {
      const double deviation = std::sqrt(shape.interactions / 3 * included[i] * (1 - included[i]));
      EXPECT_NEAR(observed[i], shape.interactions / 3 * included[i], 4.5 * deviation) << i;
    }
  }
}

TEST(SyntheticLog, PopularityIsTheAskedZipfWhateverTheSignal) {
  for (const double signal : {0.0, 2.5}) {
    SyntheticShape shape = small_shape();
    shape.users = 60'000;
    shape.interactions = 120'000;  // short rows: repetitions, which flatten the head, are rare
    shape.zipf_exponent = 1.1;
    shape.zipf_flattening = 5;
    shape.signal = signal;
    shape.user_spread = 0.3;
    const SyntheticLog log(shape);
    std::vector<double> popularity;
    std::vector<double> observed(static_cast<std::size_t>(shape.items), 0.0);
    double total = 0;
    for (const SyntheticRow& row : all_rows(log)) observed[static_cast<std::size_t>(row.item)] += 1, total += 1;
    std::vector<std::pair<double, Index>> order;
    for (Index i = 0; i < shape.items; ++i) order.emplace_back(-log.catalogue().popularity(i), i);
    std::sort(order.begin(), order.end());
    // Ten groups of equal popularity: shares of the whole, by rank. And the planned popularity is the formula's.
    double normal = 0;
    for (Index r = 1; r <= shape.items; ++r) normal += std::pow(static_cast<double>(r) + 5, -1.1);
    double planned = 0;
    double seen = 0;
    double done = 0;
    for (std::size_t r = 0; r < order.size(); ++r) {
      EXPECT_NEAR(-order[r].first, std::pow(static_cast<double>(r) + 6, -1.1) / normal, 1e-9);
      planned -= order[r].first;
      seen += observed[static_cast<std::size_t>(order[r].second)] / total;
      if (planned - done < 0.1) continue;
      EXPECT_NEAR(seen, planned - done, 0.03) << "up to rank " << r << " at signal " << signal;
      done = planned;
      seen = 0;
    }
    // The order is not the items' own: their numbers tell nothing.
    EXPECT_FALSE(std::is_sorted(order.begin(), order.end(), [](auto a, auto b) { return a.second < b.second; }));
  }
}

TEST(SyntheticLog, SegmentsShowInWhatUsersChoose) {
  const SyntheticLog log(small_shape());
  Index right = 0;
  Index judged = 0;
  std::set<int> seen;
  for (Index user = 0; user < 1000; ++user) {
    const int planted = log.user(user).segment;
    const std::vector<SyntheticRow> rows = log.rows(user);
    if (rows.size() < 20) continue;
    std::vector<double> likelihood(static_cast<std::size_t>(log.shape().segments), 0.0);
    for (std::size_t s = 0; s < likelihood.size(); ++s) {
      for (const SyntheticRow& row : rows) {
        likelihood[s] += std::log(log.catalogue().choice_probability(static_cast<int>(s), row.item));
      }
    }
    const auto best = std::max_element(likelihood.begin(), likelihood.end()) - likelihood.begin();
    right += best == planted ? 1 : 0;
    ++judged;
    seen.insert(planted);
  }
  ASSERT_GT(judged, 300);
  EXPECT_GT(static_cast<double>(right), 0.9 * static_cast<double>(judged));
  EXPECT_EQ(static_cast<int>(seen.size()), log.shape().segments);
}

TEST(SyntheticLog, WeeksYearsAndSeasonsShow) {
  SyntheticShape shape = small_shape();
  shape.days = 2 * 365;
  shape.categories = 5;
  const SyntheticLog log(shape);
  double saturday = 0;
  double sunday = 0;
  double in_season = 0;
  double at_random = 0;
  const std::vector<SyntheticRow> rows = all_rows(log);
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const Index day = rows[r].timestamp / 86'400;
    saturday += (day + 3) % 7 == 5 ? 1 : 0;
    sunday += (day + 3) % 7 == 6 ? 1 : 0;
    // What is bought on a day is more in season than what is bought on another row's day.
    const int segment = log.user(rows[r].user).segment;
    const Index other_day = rows[(r * 7919 + 13) % rows.size()].timestamp / 86'400;
    in_season += log.catalogue().season(segment, rows[r].item, day);
    at_random += log.catalogue().season(segment, rows[r].item, other_day);
  }
  EXPECT_NEAR(saturday / sunday, 1 / 0.7, 0.1);
  EXPECT_GT(in_season, 1.05 * at_random);
  EXPECT_LE(synthetic_demand(19'700), 1.0);
  EXPECT_GT(synthetic_demand(19'700), 0.0);
}

TEST(SyntheticLog, DirtIsAddedAsAskedAndTakesNothingAway) {
  for (const SyntheticKind kind : {SyntheticKind::purchases, SyntheticKind::ratings}) {
    SyntheticShape shape = small_shape();
    shape.kind = kind;
    const std::vector<SyntheticRow> clean = all_rows(SyntheticLog(shape));
    shape.dirt = 0.2;
    shape.broken_lines = 0.01;
    const SyntheticLog log(shape);
    const std::vector<SyntheticRow> dirty = all_rows(log);
    std::vector<SyntheticRow> kept;
    for (const SyntheticRow& row : dirty) {
      if (row.dirt == SyntheticDirt::none) kept.push_back(row);
    }
    EXPECT_EQ(kept, clean);

    auto counts = count_kinds(dirty);
    const double rows = static_cast<double>(clean.size());
    const int kinds = kind == SyntheticKind::purchases ? 5 : 3;
    for (const SyntheticDirt dirt : {SyntheticDirt::duplicate, SyntheticDirt::repeat, SyntheticDirt::missing_user,
                                     SyntheticDirt::cancellation, SyntheticDirt::zero_price}) {
      const bool possible = kinds == 5 || dirt < SyntheticDirt::cancellation;
      const double expected = possible ? 0.2 * rows / kinds : 0;
      EXPECT_NEAR(static_cast<double>(counts[dirt]), expected, 4.5 * std::sqrt(expected));
    }
    EXPECT_NEAR(static_cast<double>(counts[SyntheticDirt::broken]), 0.01 * rows, 4.5 * std::sqrt(0.01 * rows));

    for (Index user = 0; user < 200; ++user) {
      const std::vector<SyntheticRow> of_user = log.rows(user);
      for (const SyntheticRow& row : of_user) {
        const auto source = std::find_if(of_user.begin(), of_user.end(), [&](const SyntheticRow& other) {
          return other.dirt == SyntheticDirt::none && other.item == row.item;
        });
        ASSERT_NE(source, of_user.end());
        EXPECT_GE(row.timestamp, source->timestamp);
        if (row.dirt == SyntheticDirt::duplicate) {
          EXPECT_EQ(row.timestamp, source->timestamp);
          EXPECT_EQ(row.value, source->value);
        }
        if (row.dirt == SyntheticDirt::repeat) {
          EXPECT_NE(row.value, source->value);
          EXPECT_TRUE(kind == SyntheticKind::purchases || (row.value >= 1 && row.value <= 5));
        }
        if (row.dirt == SyntheticDirt::cancellation) {
          EXPECT_EQ(row.value, -source->value);
        }
        if (row.dirt == SyntheticDirt::zero_price) {
          EXPECT_EQ(row.price_cents, 0);
        }
      }
    }
  }
}

TEST(SyntheticLog, RatingsFollowTasteAndBiases) {
  SyntheticShape shape = small_shape();
  shape.kind = SyntheticKind::ratings;
  const SyntheticLog log(shape);
  std::array<double, 6> counts{};
  double sum = 0;
  double liked = 0;
  double liked_count = 0;
  double disliked = 0;
  double disliked_count = 0;
  const std::vector<SyntheticRow> rows = all_rows(log);
  std::vector<double> item_sum(static_cast<std::size_t>(shape.items), 0.0);
  for (const SyntheticRow& row : rows) {
    ASSERT_TRUE(row.value >= 1 && row.value <= 5);
    EXPECT_EQ(row.price_cents, 0);
    counts[static_cast<std::size_t>(row.value)] += 1;
    const double value = static_cast<double>(row.value);
    sum += value;
    const std::span<const float> y = log.catalogue().item_factors(row.item);
    const std::vector<float> x = log.user(row.user).factors;
    const double affinity = std::inner_product(x.begin(), x.end(), y.begin(), 0.0);
    (affinity > 2.5 ? liked : disliked) += value;
    (affinity > 2.5 ? liked_count : disliked_count) += 1;
  }
  EXPECT_NEAR(sum / static_cast<double>(rows.size()), 3.5, 0.4);
  for (std::size_t value = 1; value <= 5; ++value) EXPECT_GT(counts[value], 0.005 * static_cast<double>(rows.size()));
  EXPECT_GT(liked / liked_count, disliked / disliked_count + 0.2);
}

TEST(SyntheticLog, TheSmallestShapesWork) {
  for (const auto& [users, items, interactions] :
       {std::tuple<Index, Index, double>{1, 1, 1}, {5, 1, 5}, {3, 2, 3}, {3, 3, 4}, {130, 17, 600}}) {
    SyntheticShape shape;
    shape.users = users;
    shape.items = items;
    shape.interactions = interactions;
    shape.segments = 1;
    shape.factors = 1;
    shape.categories = 1;
    shape.days = 1;
    const SyntheticLog log(shape);
    const std::vector<SyntheticRow> rows = all_rows(log);
    EXPECT_GE(static_cast<Index>(rows.size()), users);
    for (const SyntheticRow& row : rows) EXPECT_LT(row.item, items);
  }
}

TEST(SyntheticLog, AnotherSeedIsAnotherLog) {
  SyntheticShape shape = small_shape();
  const SyntheticLog one(shape);
  shape.seed = 12;
  const SyntheticLog other(shape);
  EXPECT_NE(one.rows(0), other.rows(0));
  EXPECT_EQ(one.rows(0), SyntheticLog(small_shape()).rows(0));
}

TEST(SyntheticShape, RefusesWhatCannotBeMade) {
  const auto refused = [](auto change) {
    SyntheticShape shape = small_shape();
    change(shape);
    try {
      shape.validate();
    } catch (const Error& error) {
      return error.code() == ExitCode::usage;
    }
    return false;
  };
  EXPECT_NO_THROW(small_shape().validate());
  EXPECT_TRUE(refused([](SyntheticShape& s) { s.users = 0; }));
  EXPECT_TRUE(refused([](SyntheticShape& s) { s.items = -1; }));
  EXPECT_TRUE(refused([](SyntheticShape& s) { s.items = Index{1} << 40; }));
  EXPECT_TRUE(refused([](SyntheticShape& s) { s.interactions = 2999; }));
  EXPECT_TRUE(refused([](SyntheticShape& s) { s.interactions = 3000.0 * 300; }));
  EXPECT_TRUE(refused([](SyntheticShape& s) { s.interactions = std::numeric_limits<double>::quiet_NaN(); }));
  EXPECT_TRUE(refused([](SyntheticShape& s) { s.interactions = std::numeric_limits<double>::infinity(); }));
  EXPECT_TRUE(refused([](SyntheticShape& s) { s.segments = 0; }));
  EXPECT_TRUE(refused([](SyntheticShape& s) { s.factors = 0; }));
  EXPECT_TRUE(refused([](SyntheticShape& s) { s.signal = std::numeric_limits<double>::quiet_NaN(); }));
  EXPECT_TRUE(refused([](SyntheticShape& s) { s.signal = -1; }));
  EXPECT_TRUE(refused([](SyntheticShape& s) { s.dirt = 1.5; }));
  EXPECT_TRUE(refused([](SyntheticShape& s) { s.days = 0; }));
  EXPECT_TRUE(refused([](SyntheticShape& s) { s.start = -1; }));
  EXPECT_THROW((void)synthetic_preset("movielens-20M"), Error);
  EXPECT_THROW((void)synthetic_preset("shop").scaled(0), Error);
}

TEST(SyntheticShape, PresetsAreValidAtEveryScale) {
  for (const char* name : {"none", "movielens-20m", "shop"}) {
    for (const double scale : {0.25, 1.0, 100.0})
      EXPECT_NO_THROW(synthetic_preset(name).scaled(scale).validate()) << name;
  }
  const SyntheticShape shop = synthetic_preset("shop").scaled(0.5);
  EXPECT_EQ(shop.users, 500'000);
  EXPECT_EQ(shop.items, 50'000);
  EXPECT_EQ(shop.interactions, 4e6);
}

}  // namespace
}  // namespace rankwise
