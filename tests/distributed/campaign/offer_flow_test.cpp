// Campaigns without a budget are flows: an assignment and its bound against the network simplex of LEMON.

#include <algorithm>
#include <gtest/gtest.h>
#include <lemon/list_graph.h>
#include <lemon/network_simplex.h>
#include <random>
#include <vector>

#include "distributed/campaign/offer_assignment.hpp"
#include "distributed/campaign/offer_prices.hpp"
#include "distributed/campaign/offer_values.hpp"

namespace rankwise {
namespace {

/// The largest value: customers send up to f units, by their categories, to offers, and these to a sink that returns
/// all to the source of customers.
std::int64_t largest_value(const OfferValues& values, const CampaignLimits& limits) {
  lemon::ListDigraph graph;
  lemon::ListDigraph::ArcMap<std::int64_t> upper(graph);
  lemon::ListDigraph::ArcMap<std::int64_t> cost(graph);
  const auto add = [&](lemon::ListDigraph::Node from, lemon::ListDigraph::Node to, std::int64_t most,
                       std::int64_t arc_cost) {
    const auto arc = graph.addArc(from, to);
    upper[arc] = most;
    cost[arc] = arc_cost;
  };
  const auto source = graph.addNode();
  const auto sink = graph.addNode();
  std::vector<lemon::ListDigraph::Node> offers;
  for (std::size_t o = 0; o < values.offers(); ++o) {
    offers.push_back(graph.addNode());
    add(offers.back(), sink, limits.capacity[o] == CampaignLimits::unlimited ? values.customers() : limits.capacity[o],
        0);
  }
  const std::int32_t categories = 1 + *std::ranges::max_element(limits.offers.category_of);
  for (Index c = 0; c < values.customers(); ++c) {
    const auto customer = graph.addNode();
    add(source, customer, limits.offers.per_customer, 0);
    for (std::int32_t category = 0; category < categories; ++category) {
      const auto part = graph.addNode();
      add(customer, part, limits.offers.per_category, 0);
      for (std::size_t o = 0; o < values.offers(); ++o) {
        const auto value = values.value(c, o);
        if (limits.offers.category_of[o] == category && value) add(part, offers[o], 1, -*value);
      }
    }
  }
  add(sink, source, values.customers() * limits.offers.per_customer, 0);
  lemon::NetworkSimplex<lemon::ListDigraph, std::int64_t> simplex(graph);
  simplex.upperMap(upper).costMap(cost);
  EXPECT_EQ(simplex.run(), simplex.OPTIMAL);
  return -simplex.totalCost<std::int64_t>();
}

TEST(OfferFlow, AssignmentsAreNearTheLargestValueAndBoundsAbove) {
  const Communicator comm = Communicator::world();
  std::mt19937 random(17);
  for (int repeat = 0; repeat < 12; ++repeat) {
    const Index customers = 150 + 50 * repeat;
    OfferValues values;
    CampaignLimits limits;
    limits.offers.per_customer = 1 + repeat % 3;
    limits.offers.per_category = 1 + repeat % 2;
    for (std::size_t o = 0; o < 6; ++o) {
      values.cost_millionths.push_back(200'000);
      values.margin_millionths.push_back(2'000'000 + static_cast<std::int64_t>(random() % 9) * 1'000'000);
      values.column_of.push_back(static_cast<std::int32_t>(o));
      values.constant_millionths.push_back(0);
      values.probabilities.emplace_back();
      limits.offers.category_of.push_back(static_cast<std::int32_t>(o / 2));
      limits.capacity.push_back(o == 5 ? CampaignLimits::unlimited
                                       : static_cast<Index>(random()) % (customers / 3) + 5);
      // Coarse probabilities: many equal values.
      for (Index c = 0; c < customers; ++c)
        values.probabilities.back().push_back(
            static_cast<std::int32_t>(repeat % 4 == 3 ? random() % 5 * 200'000 : random() % 1000 * 1000));
    }
    for (Index c = 0; c < customers; ++c) values.hashes.push_back(static_cast<std::uint32_t>(random()));
    std::vector<Index> all(static_cast<std::size_t>(customers));
    for (std::size_t c = 0; c < all.size(); ++c) all[c] = static_cast<Index>(c);
    const std::vector<CustomerGroup> groups(all.size(), CustomerGroup::treated);

    const PriceSearch search = find_prices(comm, values, all, limits);
    const OfferAssignment assignment = assign_offers(comm, values, groups, limits, search.prices);
    const std::int64_t best = largest_value(values, limits);
    EXPECT_LE(assignment.figures.value_total_millionths, best) << repeat;
    EXPECT_GE(search.bound_millionths, best) << repeat;
    EXPECT_GT(static_cast<double>(assignment.figures.value_total_millionths), 0.99 * static_cast<double>(best))
        << repeat;
    EXPECT_LT(static_cast<double>(search.bound_millionths), 1.005 * static_cast<double>(best)) << repeat;
  }
}

/// Offers that all customers value alike compete for them.
struct CompetingOffers {
  OfferValues values;
  CampaignLimits limits;
  std::vector<Index> all;
};

CompetingOffers competing(Index customers, const std::vector<std::int64_t>& net_millionths,
                          const std::vector<Index>& capacity) {
  CompetingOffers made;
  for (std::size_t o = 0; o < capacity.size(); ++o) {
    made.values.cost_millionths.push_back(100'000);
    made.values.margin_millionths.push_back(10 * (net_millionths[o] + 100'000));
    made.values.column_of.push_back(-1);
    made.values.constant_millionths.push_back(100'000);
    made.limits.offers.category_of.push_back(static_cast<std::int32_t>(o));
  }
  made.limits.capacity = capacity;
  std::mt19937 random(5);
  for (Index c = 0; c < customers; ++c) {
    made.values.hashes.push_back(static_cast<std::uint32_t>(random()));
    made.all.push_back(c);
  }
  return made;
}

TEST(OfferFlow, TwoCompetingOffersOfEqualCustomersHaveTheRightPrices) {
  const Communicator comm = Communicator::world();
  CompetingOffers made = competing(3000, {9'000'000, 1'900'000}, {300, 600});
  const PriceSearch search = find_prices(comm, made.values, made.all, made.limits);
  const std::int64_t best = 300 * std::int64_t{9'000'000} + 600 * std::int64_t{1'900'000};
  ASSERT_EQ(best, 3'840'000'000);
  EXPECT_GE(search.bound_millionths, best);
  EXPECT_LT(static_cast<double>(search.bound_millionths), 1.001 * static_cast<double>(best));
}

TEST(OfferFlow, ManyCompetingOffersOfEqualCustomersMeetTheLargestValue) {
  const Communicator comm = Communicator::world();
  std::mt19937 random(23);
  for (const std::size_t offers : {std::size_t{3}, std::size_t{10}, std::size_t{20}, std::size_t{50}}) {
    const Index customers = 1000;
    for (const Index per_customer : {Index{1}, Index{3}}) {
      std::vector<std::int64_t> net;
      std::vector<Index> capacity;
      for (std::size_t o = 0; o < offers; ++o) {
        net.push_back(100'000 + static_cast<std::int64_t>(random() % 10'000'000));
        capacity.push_back(static_cast<Index>(random()) % (2 * customers / static_cast<Index>(offers)) + 1);
      }
      CompetingOffers made = competing(customers, net, capacity);
      made.limits.offers.per_customer = std::min(per_customer, static_cast<Index>(offers));
      const PriceSearch search = find_prices(comm, made.values, made.all, made.limits);
      const std::vector<CustomerGroup> groups(made.all.size(), CustomerGroup::treated);
      const OfferAssignment assignment = assign_offers(comm, made.values, groups, made.limits, search.prices);
      const auto best = static_cast<double>(largest_value(made.values, made.limits));
      EXPECT_GE(static_cast<double>(search.bound_millionths), best) << offers;
      EXPECT_LT(static_cast<double>(search.bound_millionths), 1.01 * best) << offers << " " << per_customer;
      EXPECT_GT(static_cast<double>(assignment.figures.value_total_millionths), 0.99 * best)
          << offers << " " << per_customer;
    }
  }
}

TEST(OfferFlow, ManyOffersWithProbabilitiesOfTheirOwnMeetTheLargestValue) {
  const Communicator comm = Communicator::world();
  std::mt19937 random(29);
  for (const Index offers : {Index{10}, Index{20}, Index{100}}) {
    const Index customers = 500;
    std::vector<std::int64_t> net;
    std::vector<Index> capacity;
    for (Index o = 0; o < offers; ++o) {
      net.push_back(500'000 + static_cast<std::int64_t>(random() % 10'000'000));
      capacity.push_back(static_cast<Index>(random()) % (2 * customers / offers) + 1);
    }
    CompetingOffers made = competing(customers, net, capacity);
    for (std::size_t o = 0; o < capacity.size(); ++o) {
      made.values.column_of[o] = static_cast<std::int32_t>(o);
      made.values.probabilities.emplace_back();
      for (Index c = 0; c < customers; ++c)
        made.values.probabilities.back().push_back(static_cast<std::int32_t>(random() % 200'000));
    }
    const PriceSearch search = find_prices(comm, made.values, made.all, made.limits);
    const std::vector<CustomerGroup> groups(made.all.size(), CustomerGroup::treated);
    const OfferAssignment assignment = assign_offers(comm, made.values, groups, made.limits, search.prices);
    const auto best = static_cast<double>(largest_value(made.values, made.limits));
    EXPECT_GE(static_cast<double>(search.bound_millionths), best) << offers;
    EXPECT_LT(static_cast<double>(search.bound_millionths), 1.01 * best) << offers;
    EXPECT_GT(static_cast<double>(assignment.figures.value_total_millionths), 0.98 * best) << offers;
  }
}

TEST(OfferFlow, BoundsDoNotCountWhatTheWholeBudgetDoesNotPay) {
  CompetingOffers made = competing(100, {9'000'000, 1'000'000}, {CampaignLimits::unlimited, CampaignLimits::unlimited});
  made.values.cost_millionths[0] = 5'000'000;
  made.limits.budget_millionths = 1'000'000;
  const PriceSearch search = find_prices(Communicator::world(), made.values, made.all, made.limits);
  EXPECT_GE(search.bound_millionths, 10'000'000);
  EXPECT_LT(search.bound_millionths, 10'100'000);
}

}  // namespace
}  // namespace rankwise
