// Offers for very many customers: campaign_benchmark [CUSTOMERS OFFERS COLUMNS [SAMPLED_CUSTOMERS SAMPLED_STEPS
// STEPS]], alone or under mpirun. Probabilities are skewed, capacities and budget bind. How long do prices and the
// assignment take, in how much memory, and what may the assignment lack?

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <vector>

#include "distributed/campaign/offer_assignment.hpp"
#include "distributed/campaign/offer_prices.hpp"
#include "distributed/campaign/offer_values.hpp"
#include "distributed/comm/communicator.hpp"
#include "distributed/comm/environment.hpp"
#include "kernels/process/process_memory.hpp"

namespace {

using namespace rankwise;

/// SplitMix64 (Steele, Lea and Flood 2014) of a number.
std::uint64_t mixed(std::uint64_t number) {
  number += 0x9e3779b97f4a7c15;
  number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9;
  number = (number ^ (number >> 27)) * 0x94d049bb133111eb;
  return number ^ (number >> 31);
}

double uniform(std::uint64_t number) {
  return static_cast<double>(mixed(number) >> 11) * 0x1p-53;
}

OfferValues drawn_values(RowRange customers, std::size_t offers, std::size_t columns) {
  OfferValues values;
  for (std::size_t o = 0; o < offers; ++o) {
    values.cost_millionths.push_back(100'000 + static_cast<std::int64_t>(mixed(o) % 10) * 100'000);
    values.margin_millionths.push_back(5'000'000 + static_cast<std::int64_t>(mixed(o + 1000) % 40) * 1'000'000);
    values.column_of.push_back(static_cast<std::int32_t>(o % columns));
    values.constant_millionths.push_back(0);
  }
  values.probabilities.resize(columns);
  for (std::size_t column = 0; column < columns; ++column) {
    for (Index c = customers.begin; c < customers.end; ++c) {
      const double draw = uniform(static_cast<std::uint64_t>(c) * columns + column);
      values.probabilities[column].push_back(static_cast<std::int32_t>(1e6 * draw * draw * draw));
    }
  }
  for (Index c = customers.begin; c < customers.end; ++c)
    values.hashes.push_back(static_cast<std::uint32_t>(mixed(static_cast<std::uint64_t>(c) + 77)));
  return values;
}

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

int main(int argc, char** argv) {
  const Environment environment(argc, argv);
  const Communicator comm = Communicator::world();
  const Index customers = argc > 1 ? std::atoll(argv[1]) : 1'000'000;
  const auto offers = static_cast<std::size_t>(argc > 2 ? std::atoll(argv[2]) : 50);
  const auto columns = static_cast<std::size_t>(argc > 3 ? std::atoll(argv[3]) : 10);
  const RowRange mine{customers * comm.rank() / comm.size(), customers * (comm.rank() + 1) / comm.size()};
  const OfferValues values = drawn_values(mine, offers, columns);
  CampaignLimits limits;
  limits.offers.category_of.resize(offers);
  std::iota(limits.offers.category_of.begin(), limits.offers.category_of.end(), 0);
  for (std::size_t o = 0; o < offers; ++o)
    limits.capacity.push_back(customers / 200 + static_cast<Index>(mixed(o + 2000) % 100) * (customers / 4000));
  limits.budget_millionths = customers * 200'000;
  const std::vector<CustomerGroup> groups(static_cast<std::size_t>(mine.size()), CustomerGroup::treated);
  std::vector<Index> treated(static_cast<std::size_t>(mine.size()));
  std::iota(treated.begin(), treated.end(), Index{0});

  const Index before = resident_bytes();
  auto begin = std::chrono::steady_clock::now();
  PriceSteps steps;
  if (argc > 6) {
    steps = {.sampled_customers = std::atoll(argv[4]), .sampled = std::atoll(argv[5]), .all = std::atoll(argv[6])};
  }
  const PriceSearch search = find_prices(comm, values, treated, limits, steps);
  const double price_seconds = comm.max(seconds_since(begin));
  begin = std::chrono::steady_clock::now();
  const OfferAssignment assignment = assign_offers(comm, values, groups, limits, search.prices);
  const double assign_seconds = comm.max(seconds_since(begin));
  const Index values_bytes = comm.sum(values.bytes());
  const Index peak = comm.sum(peak_memory_bytes() - before);
  const OfferFigures& figures = assignment.figures;
  const Index sent = std::accumulate(figures.sent.begin(), figures.sent.end(), Index{0});
  if (!comm.is_root()) return 0;
  std::printf("%ld customers x %zu offers, %d ranks: prices %.1f s (%ld steps over all), assignment %.1f s\n",
              customers, offers, comm.size(), price_seconds, search.steps, assign_seconds);
  std::printf("values %.0f MB (of all pairs: %.0f MB), and at most %.0f MB beside them\n",
              static_cast<double>(values_bytes) / 1e6,
              static_cast<double>(customers) * static_cast<double>(offers) * 8e-6, static_cast<double>(peak) / 1e6);
  std::printf(
      "sent %ld, value %.2f of at most %.2f: gap %.5f%%; spent %.2f of %.2f\n", sent,
      static_cast<double>(figures.value_total_millionths) / 1e6, static_cast<double>(search.bound_millionths) / 1e6,
      100 * (1 - static_cast<double>(figures.value_total_millionths) / static_cast<double>(search.bound_millionths)),
      static_cast<double>(figures.spending_millionths) / 1e6, static_cast<double>(limits.budget_millionths) / 1e6);
  return 0;
}
