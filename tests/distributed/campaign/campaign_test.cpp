// Hold-outs, prices and assignments against plain references, on any number of ranks.

#include <algorithm>
#include <functional>
#include <gtest/gtest.h>
#include <limits>
#include <map>
#include <random>

#include "distributed/campaign/hold_out.hpp"
#include "distributed/campaign/key_cut.hpp"
#include "distributed/campaign/offer_assignment.hpp"
#include "distributed/campaign/offer_prices.hpp"
#include "distributed/campaign/recent_spending.hpp"
#include "distributed/rows/partition.hpp"
#include "kernels/campaign/offer_value.hpp"

namespace rankwise {
namespace {

/// This rank's part of what all ranks know.
template <class T>
std::vector<T> part_of(const Communicator& comm, const std::vector<T>& all) {
  const auto cut = [&](int rank) {
    return static_cast<std::ptrdiff_t>(all.size()) * rank * (rank + 1) / (comm.size() * (comm.size() + 1));
  };
  return {all.begin() + cut(comm.rank()), all.begin() + cut(comm.rank() + 1)};
}

template <class T>
std::vector<T> gathered(const Communicator& comm, const std::vector<T>& mine) {
  return comm.all_gather_varied(std::span<const T>(mine)).values;
}

TEST(KeyCut, IsThatOfSortedEntries) {
  const Communicator comm = Communicator::world();
  std::mt19937_64 random(11);
  for (int repeat = 0; repeat < 60; ++repeat) {
    const std::uint64_t spread = repeat % 3 == 0 ? 5 : repeat % 3 == 1 ? 3000 : 0;
    std::vector<KeyedEntry> all;
    for (std::size_t e = 0; e < random() % 400; ++e) {
      const std::uint64_t key = spread == 0 ? random() : random() % spread;
      all.push_back({static_cast<std::int32_t>(random() % 3), repeat % 7 == 0 ? ~key : key,
                     static_cast<std::int64_t>(random() % 4)});
    }
    const std::vector<std::int64_t> limits{0, static_cast<std::int64_t>(random() % 100), 300};
    const std::vector<KeyCut> cuts = cut_keys(comm, part_of(comm, all), limits);
    for (std::int32_t group = 0; group < 3; ++group) {
      std::map<std::uint64_t, std::int64_t, std::greater<>> weights;
      for (const KeyedEntry& entry : all) {
        if (entry.group == group) weights[entry.key] += entry.weight;
      }
      std::int64_t sum = 0;
      bool is_full = false;
      for (const auto& [key, weight] : weights) {
        is_full |= sum + weight > limits[static_cast<std::size_t>(group)];
        if (!is_full) sum += weight;
        EXPECT_EQ(fits(cuts[static_cast<std::size_t>(group)], key), !is_full) << repeat << " " << key;
      }
    }
  }
}

TEST(HoldOut, SharesAreExactInEachStratum) {
  const Communicator comm = Communicator::world();
  Ids ids;
  std::vector<std::string> names;
  std::vector<std::int32_t> strata;
  std::vector<std::int32_t> eligible;
  for (int i = 0; i < 5000; ++i) {
    names.push_back("user " + std::to_string(i));
    strata.push_back(i % 10 == 0 ? 1 : i % 100 == 1 ? 2 : 0);
    eligible.push_back(i % 4 == 3 ? 0 : 1);
  }
  const std::vector<std::uint64_t> draws = keyed_draws("a key of some bytes", "spring", names);
  const auto mine = part_of(comm, draws);
  const std::vector<std::int32_t> held =
      gathered(comm, first_of_strata(comm, mine, part_of(comm, strata), 3, part_of(comm, eligible), 100'000));
  ASSERT_EQ(held.size(), names.size());
  for (std::int32_t stratum = 0; stratum < 3; ++stratum) {
    std::vector<std::uint64_t> in_order;
    for (std::size_t c = 0; c < names.size(); ++c) {
      if (strata[c] == stratum && eligible[c] != 0) in_order.push_back(draws[c]);
    }
    std::ranges::sort(in_order);
    const std::size_t share = in_order.size() / 10;
    for (std::size_t c = 0; c < names.size(); ++c) {
      if (strata[c] != stratum) continue;
      EXPECT_EQ(held[c] != 0, eligible[c] != 0 && draws[c] < in_order[share]) << c;
    }
  }
  EXPECT_TRUE(is_below_share(~std::uint64_t{0}, 1'000'000));
  EXPECT_FALSE(is_below_share(0, 0));
  EXPECT_TRUE(is_below_share((std::uint64_t{1} << 62) - 1, 250'000));
  EXPECT_FALSE(is_below_share(std::uint64_t{1} << 62, 250'000));
  // A uniform draw: 5000 of them have the share of the global hold-out within four deviations.
  Index below = 0;
  for (const std::uint64_t draw : draws) below += is_below_share(draw, 200'000) ? 1 : 0;
  EXPECT_NEAR(static_cast<double>(below), 1000, 4 * 28.3);
}

TEST(HoldOut, QuartersKeepEqualValuesTogether) {
  const Communicator comm = Communicator::world();
  const std::vector<std::int64_t> values{0, 0, 0, 0, 0, -5, 7, 7, 9, 100, 3, 2};
  const std::vector<std::int32_t> quarters = gathered(comm, value_quarters(comm, part_of(comm, values)));
  EXPECT_EQ(quarters, (std::vector<std::int32_t>{0, 0, 0, 0, 0, 0, 2, 2, 3, 3, 2, 2}));
}

TEST(RecentSpending, CountsUntilTheStart) {
  Orders orders;
  orders.users = {0, 2};
  orders.total_users = 2;
  orders.offsets = {0, 3, 5};
  orders.times_seconds = {{9, 10, 19, 15, 20}};
  orders.amounts = {100, 0.1, 0.2, -3, 50};
  const RecentSpending spending = recent_spending(orders, 10, 20);
  EXPECT_EQ(spending.money_millionths, (std::vector<std::int64_t>{300'000, -3'000'000}));
  EXPECT_EQ(spending.orders, (std::vector<Index>{2, 0}));
  EXPECT_EQ(spending.later_orders, 1);
  orders.amounts[2] = 1e13;
  EXPECT_THROW(static_cast<void>(recent_spending(orders, 10, 20)), Error);
}

// --- Assignments.

struct Instance {
  OfferValues values;  // of all customers
  CampaignLimits limits;
  std::vector<CustomerGroup> groups;
};

Instance random_instance(std::mt19937_64& random, Index customers, std::size_t offers, bool budget) {
  Instance instance;
  OfferValues& values = instance.values;
  for (std::size_t o = 0; o < offers; ++o) {
    values.cost_millionths.push_back(static_cast<std::int64_t>(random() % 3) * 300'000);
    values.margin_millionths.push_back(1'000'000 + static_cast<std::int64_t>(random() % 20) * 1'000'000);
    values.column_of.push_back(o % 3 == 2 ? -1 : static_cast<std::int32_t>(o));
    values.constant_millionths.push_back(150'000);
    values.probabilities.emplace_back();
    for (Index c = 0; c < customers; ++c)
      values.probabilities.back().push_back(static_cast<std::int32_t>(random() % 10 == 0 ? -1 : random() % 1'000'001));
    instance.limits.offers.category_of.push_back(static_cast<std::int32_t>(o / 2));
    instance.limits.capacity.push_back(random() % 4 == 0 ? CampaignLimits::unlimited
                                                         : static_cast<Index>(random()) % (customers / 2 + 1));
    if (instance.limits.capacity.back() < CampaignLimits::unlimited) instance.limits.capacity.back() *= -1;
  }
  for (Index c = 0; c < customers; ++c) {
    values.hashes.push_back(static_cast<std::uint32_t>(random()));
    instance.groups.push_back(random() % 8 == 0 ? CustomerGroup::control : CustomerGroup::treated);
  }
  instance.limits.offers.per_customer = 1 + static_cast<Index>(random() % 2);
  instance.limits.offers.per_category = 1 + static_cast<Index>(random() % 2);
  if (budget) instance.limits.budget_millionths = static_cast<std::int64_t>(random() % 10) * 300'000;
  return instance;
}

Instance part_of(const Communicator& comm, const Instance& all) {
  Instance mine = all;
  mine.groups = part_of(comm, all.groups);
  mine.values.hashes = part_of(comm, all.values.hashes);
  for (std::vector<std::int32_t>& column : mine.values.probabilities) column = part_of(comm, column);
  return mine;
}

struct Solved {
  PriceSearch search;
  OfferAssignment assignment;
};

/// Each step is a reduction over all ranks, and seven ranks on two processors take a third of a second for some
/// hundred.
constexpr PriceSteps few_steps{.sampled_customers = Index{1} << 16, .sampled = 100, .all = 20};

Solved solve(const Communicator& comm, const Instance& mine, const PriceSteps& steps = few_steps) {
  std::vector<Index> treated;
  for (std::size_t c = 0; c < mine.groups.size(); ++c) {
    if (mine.groups[c] == CustomerGroup::treated) treated.push_back(static_cast<Index>(c));
  }
  Solved solved;
  solved.search = find_prices(comm, mine.values, treated, mine.limits, steps);
  solved.assignment = assign_offers(comm, mine.values, mine.groups, mine.limits, solved.search.prices);
  return solved;
}

/// The best value of all assignments, by enumeration.
std::int64_t best_value(const Instance& instance) {
  const auto offers = static_cast<unsigned>(instance.values.offers());
  std::vector<unsigned> subsets;
  for (unsigned subset = 0; subset < 1U << offers; ++subset) {
    std::map<std::int32_t, Index> of_category;
    bool is_allowed = std::popcount(subset) <= instance.limits.offers.per_customer;
    for (unsigned o = 0; o < offers; ++o) {
      if ((subset >> o & 1) != 0)
        is_allowed &= ++of_category[instance.limits.offers.category_of[o]] <= instance.limits.offers.per_category;
    }
    if (is_allowed) subsets.push_back(subset);
  }
  // State: places left of each offer and budget spent -> best value.
  using State = std::pair<std::vector<Index>, std::int64_t>;
  std::map<State, std::int64_t> best;
  std::vector<Index> places = instance.limits.capacity;
  for (Index& place : places) {
    if (place == CampaignLimits::unlimited) place = std::ssize(instance.groups);
  }
  best[{places, 0}] = 0;
  for (Index c = 0; c < std::ssize(instance.groups); ++c) {
    if (instance.groups[static_cast<std::size_t>(c)] != CustomerGroup::treated) continue;
    std::map<State, std::int64_t> next;
    for (const auto& [state, value] : best) {
      for (const unsigned subset : subsets) {
        State after = state;
        std::int64_t sum = value;
        bool fits_in = true;
        for (unsigned o = 0; o < offers && fits_in; ++o) {
          if ((subset >> o & 1) == 0) continue;
          const auto worth = instance.values.value(c, o);
          fits_in = worth && --after.first[o] >= 0;
          if (!fits_in) break;
          sum += *worth;
          after.second += instance.values.cost_millionths[o];
        }
        const std::int64_t budget = instance.limits.budget_millionths;
        if (!fits_in || (budget >= 0 && after.second > budget)) continue;
        const auto [place, is_new] = next.try_emplace(after, sum);
        if (!is_new) place->second = std::max(place->second, sum);
      }
    }
    best = std::move(next);
  }
  std::int64_t value = 0;
  for (const auto& [state, sum] : best) value = std::max(value, sum);
  return value;
}

/// Recounted from the lines of all ranks.
void expect_feasible(const Communicator& comm, const Instance& mine, const Solved& solved) {
  const OfferLines& lines = solved.assignment.lines;
  const std::size_t offers = mine.values.offers();
  std::vector<std::int64_t> sums(offers + 2, 0);
  for (std::size_t c = 0; c < mine.groups.size(); ++c) {
    std::map<std::int32_t, Index> of_category;
    Index sent = 0;
    Index intended = 0;
    for (auto e = static_cast<std::size_t>(lines.offsets[c]); e < static_cast<std::size_t>(lines.offsets[c + 1]); ++e) {
      const auto o = static_cast<std::size_t>(lines.offers[e]);
      EXPECT_TRUE(lines.intended[e] == 1 || lines.sent[e] == 1);
      intended += lines.intended[e];
      if (lines.sent[e] == 0) continue;
      EXPECT_EQ(mine.groups[c], CustomerGroup::treated);
      EXPECT_EQ(lines.value_millionths[e], mine.values.value(static_cast<Index>(c), o));
      EXPECT_GT(lines.value_millionths[e], 0);
      EXPECT_LE(++of_category[mine.limits.offers.category_of[o]], mine.limits.offers.per_category);
      ++sent;
      ++sums[o];
      sums[offers] += lines.value_millionths[e];
      sums[offers + 1] += mine.values.cost_millionths[o];
    }
    EXPECT_LE(sent, mine.limits.offers.per_customer);
    EXPECT_LE(intended, mine.limits.offers.per_customer);
  }
  comm.all_reduce_sum(std::span(sums));
  const OfferFigures& figures = solved.assignment.figures;
  for (std::size_t o = 0; o < offers; ++o) {
    EXPECT_EQ(sums[o], figures.sent[o]);
    EXPECT_EQ(figures.sent[o], figures.intended[o] - figures.taken_back[o] + figures.filled[o]);
    if (mine.limits.capacity[o] != CampaignLimits::unlimited) {
      EXPECT_LE(sums[o], mine.limits.capacity[o]);
    }
  }
  EXPECT_EQ(sums[offers], figures.value_total_millionths);
  EXPECT_EQ(sums[offers + 1], figures.spending_millionths);
  if (mine.limits.budget_millionths >= 0) {
    EXPECT_LE(sums[offers + 1], mine.limits.budget_millionths);
  }
  EXPECT_LE(figures.value_total_millionths, solved.search.bound_millionths);
}

TEST(OfferAssignment, IsBetweenFeasibleAndBoundOfSmallInstances) {
  const Communicator comm = Communicator::world();
  std::mt19937_64 random(3);
  double worst = 0;
  int binding = 0;
  double sum = 0;
  constexpr int instances = 60;
  for (int repeat = 0; repeat < instances; ++repeat) {
    const Instance all = random_instance(random, 8, 4, repeat % 2 == 0);
    const Instance mine = part_of(comm, all);
    const Solved solved = solve(comm, mine);
    expect_feasible(comm, mine, solved);
    const std::int64_t best = best_value(all);
    EXPECT_LE(solved.assignment.figures.value_total_millionths, best);
    EXPECT_GE(solved.search.bound_millionths, best);
    Instance free = all;
    free.limits.capacity.assign(4, CampaignLimits::unlimited);
    free.limits.budget_millionths = CampaignLimits::unlimited;
    binding += best_value(free) > best ? 1 : 0;
    if (best == 0) continue;
    const double loss =
        1 - static_cast<double>(solved.assignment.figures.value_total_millionths) / static_cast<double>(best);
    worst = std::max(worst, loss);
    sum += loss;
  }
  EXPECT_LT(sum / instances, 0.03) << worst;
  EXPECT_GT(binding, instances / 2);
}

TEST(OfferAssignment, NearlyMeetsTheBoundOfManyCustomers) {
  const Communicator comm = Communicator::world();
  std::mt19937_64 random(5);
  for (int repeat = 0; repeat < 6; ++repeat) {
    Instance all = random_instance(random, 3000, 7, repeat % 2 == 0);
    if (repeat % 2 == 0) all.limits.budget_millionths = 250'000'000;
    const Instance mine = part_of(comm, all);
    const Solved solved = solve(comm, mine);
    expect_feasible(comm, mine, solved);
    const auto value = static_cast<double>(solved.assignment.figures.value_total_millionths);
    const auto bound = static_cast<double>(solved.search.bound_millionths);
    EXPECT_GT(value, 0.995 * bound);
  }
}

TEST(OfferAssignment, CustomersWhoAreAlikeShareCapacityAndBudget) {
  const Communicator comm = Communicator::world();
  for (const bool budget : {false, true}) {
    Instance all;
    all.values.cost_millionths = {500'000, 500'000};
    all.values.margin_millionths = {10'000'000, 10'000'000};
    all.values.column_of = {-1, -1};
    all.values.constant_millionths = {200'000, 200'000};
    all.limits.offers.category_of = {0, 1};
    all.limits.capacity = {300, 200};
    if (budget) all.limits.budget_millionths = 100'000'000;
    std::mt19937 random(1);
    for (int c = 0; c < 2000; ++c) {
      all.values.hashes.push_back(static_cast<std::uint32_t>(random()));
      all.groups.push_back(c % 10 == 0 ? CustomerGroup::control : CustomerGroup::treated);
    }
    const Instance mine = part_of(comm, all);
    const Solved solved = solve(comm, mine);
    expect_feasible(comm, mine, solved);
    const OfferFigures& figures = solved.assignment.figures;
    EXPECT_EQ(figures.sent[0] + figures.sent[1], budget ? 200 : 500);
    EXPECT_EQ(figures.value_total_millionths, (budget ? 200 : 500) * 1'500'000);
    EXPECT_LE(solved.search.bound_millionths - figures.value_total_millionths, 1000);
    // The rule divides treated and controls alike, so that there is something to compare.
    EXPECT_GT(figures.intended_of_controls[0] + figures.intended_of_controls[1], budget ? 8 : 30);
    EXPECT_LT(figures.taken_back[0] + figures.taken_back[1] + figures.filled[0] + figures.filled[1], 60);
  }
}

TEST(OfferAssignment, IsTheSameOnAnyRanks) {
  const Communicator comm = Communicator::world();
  const Communicator alone = Communicator::single();
  std::mt19937_64 random(9);
  const Instance all = random_instance(random, 700, 6, true);
  const PriceSteps steps{.sampled_customers = 256, .sampled = 60, .all = 20};
  const Solved expected = solve(alone, all, steps);
  const Solved solved = solve(comm, part_of(comm, all), steps);
  EXPECT_EQ(solved.search.prices.own, expected.search.prices.own);
  EXPECT_EQ(solved.search.prices.budget, expected.search.prices.budget);
  EXPECT_EQ(solved.search.bound_millionths, expected.search.bound_millionths);
  EXPECT_EQ(gathered(comm, solved.assignment.lines.offers), expected.assignment.lines.offers);
  EXPECT_EQ(gathered(comm, solved.assignment.lines.sent), expected.assignment.lines.sent);
  EXPECT_EQ(gathered(comm, solved.assignment.lines.intended), expected.assignment.lines.intended);
  EXPECT_EQ(gathered(comm, solved.assignment.lines.value_millionths), expected.assignment.lines.value_millionths);
}

TEST(OfferAssignment, WithoutLimitsEveryoneHasTheBest) {
  const Communicator comm = Communicator::world();
  std::mt19937_64 random(13);
  Instance all = random_instance(random, 100, 5, false);
  all.limits.capacity.assign(5, CampaignLimits::unlimited);
  const Instance mine = part_of(comm, all);
  const Solved solved = solve(comm, mine);
  expect_feasible(comm, mine, solved);
  EXPECT_LE(solved.search.bound_millionths - solved.assignment.figures.value_total_millionths, 200);
  all.limits.capacity.assign(5, 0);
  const Solved none = solve(comm, part_of(comm, all));
  EXPECT_EQ(none.assignment.figures.customers, 0);
  EXPECT_LE(none.search.bound_millionths, 200);
}

TEST(OfferAssignment, MeasuredUpliftGoesBeforeProbabilities) {
  OfferValues values;
  values.cost_millionths = {100};
  values.margin_millionths = {1'000'000};
  values.column_of = {0};
  values.constant_millionths = {0};
  values.probabilities = {{500'000, -1, 500'000}};
  values.segment_of = {1, 0, -1};
  values.segments = 2;
  values.uplift_millionths = {70, OfferValues::no_uplift, 50};
  values.hashes = {1, 2, 3};
  EXPECT_EQ(values.value(0, 0), 499'900);
  EXPECT_EQ(values.value(1, 0), -30);
  EXPECT_EQ(values.value(2, 0), -50);
  values.uplift_millionths[0] = OfferValues::no_uplift;
  EXPECT_FALSE(values.value(1, 0));
}

}  // namespace
}  // namespace rankwise
