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

}  // namespace
}  // namespace rankwise
