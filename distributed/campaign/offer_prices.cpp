#include "distributed/campaign/offer_prices.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "distributed/threads/team_size.hpp"
#include "kernels/campaign/offer_value.hpp"

namespace rankwise {

namespace {

__extension__ using SignedWide = __int128;

constexpr int budget_bits = 40;
constexpr int cost_shift = budget_bits - tie_bits;
constexpr std::int64_t most_price = std::int64_t{1} << 62;
constexpr SignedWide most_price_wide = most_price;
constexpr Index most_stages = 12;
constexpr int not_spread = -1;

/// What customers want at some prices. Sums over all ranks.
struct Demand {
  std::vector<Index> wanted;  // of each offer
  std::int64_t spending_millionths = 0;
  std::int64_t net_high = 0;  // the sum of net values: high * 2^tie_bits + low
  std::int64_t net_low = 0;

  [[nodiscard]] SignedWide net() const {
    return static_cast<SignedWide>(net_high) * (std::int64_t{1} << tie_bits) + net_low;
  }
};

/// What prices are compared with: values, spread by the customers' places among equals times 2^bits.
std::int64_t spread_value(std::int64_t fine, int bits) {
  constexpr std::int64_t ties = std::int64_t{1} << tie_bits;
  if (bits == not_spread || fine == not_offered) return fine;
  return fine + ((fine & (ties - 1)) - ties / 2) * (std::int64_t{1} << bits);
}

void add_customer(const OfferValues& values, const FineValues& fine, Index customer,
                  std::span<const std::int64_t> prices, int spread_bits, OfferChooser& chooser,
                  std::span<std::int64_t> net, Demand& demand) {
  fine.read(customer, net);
  for (std::size_t o = 0; o < net.size(); ++o) net[o] = spread_value(net[o], spread_bits) - prices[o];
  for (const std::int32_t offer : chooser.choose(net)) {
    const auto o = static_cast<std::size_t>(offer);
    ++demand.wanted[o];
    demand.spending_millionths += values.cost_millionths[o];
    demand.net_high += net[o] >> tie_bits;
    demand.net_low += net[o] & ((std::int64_t{1} << tie_bits) - 1);
  }
}

/// Collective.
Demand demand_at(const Communicator& comm, const OfferValues& values, std::span<const Index> customers,
                 const OfferLimits& limits, std::span<const std::int64_t> prices, int spread_bits) {
  const std::size_t offers = values.offers();
  const auto count = std::ssize(customers);
  const int threads = team_size(static_cast<double>(count) * static_cast<double>(offers) * operations_per_value);
  const FineValues fine(values);
  std::vector<Demand> parts(static_cast<std::size_t>(threads));
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int t = 0; t < threads; ++t) {
    Demand part{.wanted = std::vector<Index>(offers, 0)};
    OfferChooser chooser(limits);
    std::vector<std::int64_t> net(offers);
    for (Index c = count * t / threads; c < count * (t + 1) / threads; ++c)
      add_customer(values, fine, customers[static_cast<std::size_t>(c)], prices, spread_bits, chooser, net, part);
    parts[static_cast<std::size_t>(t)] = std::move(part);
  }
  std::vector<std::int64_t> sums(offers + 3, 0);
  for (const Demand& part : parts) {
    for (std::size_t o = 0; o < offers; ++o) sums[o] += part.wanted[o];
    sums[offers] += part.spending_millionths;
    sums[offers + 1] += part.net_high;
    sums[offers + 2] += part.net_low;
  }
  comm.all_reduce_sum(std::span(sums));
  Demand demand{.wanted = {sums.begin(), sums.begin() + static_cast<std::ptrdiff_t>(offers)},
                .spending_millionths = sums[offers],
                .net_high = sums[offers + 1],
                .net_low = sums[offers + 2]};
  return demand;
}

/// In fine units, and not capped.
SignedWide whole_price(const OfferPrices& prices, std::size_t offer, std::int64_t cost_millionths) {
  constexpr SignedWide unit = SignedWide{1} << cost_shift;
  return prices.own[offer] + (static_cast<SignedWide>(prices.budget) * cost_millionths + unit - 1) / unit;
}

/// D at these prices in 2^-40 millionths, rounded up to whole millionths. What of an offer's price is above the
/// budget's part of it is paid for each place. A capped price is above every value: nobody wants that offer, at the
/// whole price either.
std::int64_t bound_of(const Demand& demand, const OfferPrices& prices, std::span<const std::int64_t> costs,
                      std::span<const Index> capacity, std::int64_t budget_millionths) {
  SignedWide bound = demand.net() << cost_shift;
  for (std::size_t o = 0; o < costs.size(); ++o) {
    const SignedWide of_budget = static_cast<SignedWide>(prices.budget) * costs[o];
    bound += ((whole_price(prices, o, costs[o]) << cost_shift) - of_budget) * capacity[o];
  }
  if (budget_millionths >= 0) bound += static_cast<SignedWide>(prices.budget) * budget_millionths;
  constexpr SignedWide unit = SignedWide{1} << budget_bits;
  const SignedWide whole = (bound + unit - 1) / unit;
  return whole > std::numeric_limits<std::int64_t>::max() ? std::numeric_limits<std::int64_t>::max()
                                                          : static_cast<std::int64_t>(whole);
}

/// A price that follows the sign of what is asked too much.
struct SteppedPrice {
  std::int64_t step = 1;
  int last = 0;

  /// The price after a step; at `least` one that nobody pays stays, and its step does.
  [[nodiscard]] std::int64_t moved(std::int64_t price, SignedWide excess, std::int64_t least) {
    const int sign = excess > 0 ? 1 : excess < 0 ? -1 : 0;
    const bool stays = sign < 0 && price <= least;
    if (sign * last > 0 && !stays) step = std::min(step + step / 2 + 1, most_price);
    if (sign * last < 0) step = std::max<std::int64_t>(step / 2, 1);
    if (sign != 0) last = sign;
    return std::clamp<std::int64_t>(price + sign * step, least, most_price);
  }
};

/// The limits of some of the customers.
struct Places {
  std::vector<Index> capacity;
  std::int64_t budget_millionths = CampaignLimits::unlimited;
};

/// How many customers one stands for.
struct Weight {
  Index customers = 1;
  Index counted = 1;

  [[nodiscard]] SignedWide of(SignedWide number) const { return number * customers / counted; }
};

class PriceDescent {
 public:
  PriceDescent(const Communicator& comm, const OfferValues& values, std::span<const Index> customers,
               const OfferLimits& limits, Places places, Weight weight = {})
      : comm_(comm),
        values_(values),
        customers_(customers),
        limits_(limits),
        places_(std::move(places)),
        weight_(weight) {}

  /// From `prices` on, which become those of the least bound. Collective.
  std::int64_t run(OfferPrices& prices, Index steps) { return descend(prices, steps, not_spread); }

  /// The same, at first with values that customers' ties spread by half of what one gains, then ever less: offers that
  /// compete for customers who are alike would otherwise have prices that are right beside each other, and their common
  /// level would stay wrong, since one price alone cannot move along such a ridge. Collective.
  void run_with_less_and_less_spread(OfferPrices& prices, Index steps) {
    const Demand demand = demand_of(prices, not_spread);
    int widest = 0;
    while ((std::int64_t{1} << (tie_bits + widest + 1)) <= mean_gain(demand) / 2) ++widest;
    const Index stages = std::min<Index>(most_stages, widest + 1);
    for (Index stage = 0; stage < stages; ++stage) {
      const Index later = stages - 1 - stage;
      const auto bits = static_cast<int>(stages == 1 ? 0 : widest * later / (stages - 1));
      static_cast<void>(descend(prices, steps / stages, bits));
    }
  }

 private:
  /// Collective.
  [[nodiscard]] Demand demand_of(const OfferPrices& at, int spread_bits) const {
    Demand demand =
        demand_at(comm_, values_, customers_, limits_, at.total(std::span(values_.cost_millionths)), spread_bits);
    for (Index& wanted : demand.wanted) wanted = static_cast<Index>(weight_.of(wanted));
    demand.spending_millionths = static_cast<std::int64_t>(weight_.of(demand.spending_millionths));
    const SignedWide net = weight_.of(demand.net());
    demand.net_high = static_cast<std::int64_t>(net >> tie_bits);
    demand.net_low = static_cast<std::int64_t>(net & ((SignedWide{1} << tie_bits) - 1));
    return demand;
  }
  /// The bound is that of spread values. Collective.
  std::int64_t descend(OfferPrices& prices, Index steps, int spread_bits) {
    OfferPrices at = prices;
    std::optional<std::int64_t> least;
    for (Index step = 0; step < steps; ++step) {
      const Demand demand = demand_of(at, spread_bits);
      const std::int64_t bound =
          bound_of(demand, at, values_.cost_millionths, places_.capacity, places_.budget_millionths);
      if (!least || bound < *least) {
        least = bound;
        prices = at;
      }
      if (step == 0) begin(demand, at, spread_bits);
      move(demand, at);
    }
    return least.value_or(0);
  }
  [[nodiscard]] static Index all_wanted(const Demand& demand) {
    Index wanted = 0;
    for (const Index count : demand.wanted) wanted += count;
    return std::max<Index>(wanted, 1);
  }
  /// Of what customers want.
  [[nodiscard]] static std::int64_t mean_gain(const Demand& demand) {
    return static_cast<std::int64_t>(std::clamp<SignedWide>(demand.net() / all_wanted(demand), 1, most_price / 4));
  }
  /// First steps: an eighth of the spread; without one of the size of what customers gain by what they want.
  void begin(const Demand& demand, const OfferPrices& at, int spread_bits) {
    const std::int64_t gain = mean_gain(demand);
    const bool is_spread = spread_bits != not_spread;
    const std::int64_t new_step = is_spread ? std::int64_t{1} << (tie_bits + spread_bits - 3) : gain / 4;
    offers_.assign(values_.offers(), {});
    for (std::size_t o = 0; o < offers_.size(); ++o)
      offers_[o].step = std::max<std::int64_t>(1, at.own[o] > 0 && !is_spread ? at.own[o] / 256 : new_step);
    const SignedWide mean_cost = std::max<SignedWide>(1, demand.spending_millionths / all_wanted(demand));
    const SignedWide of_money = (static_cast<SignedWide>(new_step) << cost_shift) / mean_cost;
    budget_ = {};
    budget_.step = at.budget > 0 && !is_spread
                       ? std::max<std::int64_t>(1, at.budget / 256)
                       : static_cast<std::int64_t>(std::clamp<SignedWide>(of_money, 1, most_price / 4));
  }
  /// An offer's own price and the budget's move apart: where an offer is scarce, its price in all follows its demand
  /// alone, and the budget counts all its places as paid; all other offers follow the budget's price. Both prices at
  /// once would have to move against each other, where customers are much alike.
  void move(const Demand& demand, OfferPrices& at) {
    const std::vector<std::int64_t>& costs = values_.cost_millionths;
    std::vector<std::int64_t> scarce(offers_.size(), 0);  // the price in all of offers that have one of their own
    SignedWide paid = 0;
    for (std::size_t o = 0; o < offers_.size(); ++o) {
      const SignedWide excess = static_cast<SignedWide>(demand.wanted[o]) - places_.capacity[o];
      const auto least = static_cast<std::int64_t>(std::min(whole_price(at, o, costs[o]) - at.own[o], most_price_wide));
      const auto price =
          static_cast<std::int64_t>(std::min<SignedWide>(least + static_cast<SignedWide>(at.own[o]), most_price));
      paid += static_cast<SignedWide>(costs[o]) * (at.own[o] > 0 ? places_.capacity[o] : demand.wanted[o]);
      const std::int64_t next = offers_[o].moved(price, excess, least);
      if (next > least) scarce[o] = next;
    }
    if (places_.budget_millionths >= 0) at.budget = budget_.moved(at.budget, paid - places_.budget_millionths, 0);
    at.own.assign(offers_.size(), 0);
    for (std::size_t o = 0; o < offers_.size(); ++o) {
      const SignedWide own = scarce[o] - whole_price(at, o, costs[o]);
      if (own > 0) at.own[o] = static_cast<std::int64_t>(own);
    }
  }

  const Communicator& comm_;
  const OfferValues& values_;
  std::span<const Index> customers_;
  const OfferLimits& limits_;
  Places places_;
  Weight weight_;
  std::vector<SteppedPrice> offers_;
  SteppedPrice budget_;
};

/// No offer has more places than there are customers, and none if the whole budget does not pay one.
Places places_of(const CampaignLimits& limits, Index customers, std::span<const std::int64_t> costs) {
  Places places{.capacity = limits.capacity, .budget_millionths = limits.budget_millionths};
  for (std::size_t o = 0; o < costs.size(); ++o) {
    Index& capacity = places.capacity[o];
    capacity = capacity == CampaignLimits::unlimited ? customers : std::min(capacity, customers);
    if (limits.budget_millionths >= 0 && costs[o] > limits.budget_millionths) capacity = 0;
  }
  return places;
}

/// The share of the places that falls to so many of the customers.
Places share_of(Places places, Index part, Index all) {
  const auto scaled = [&](std::int64_t number) {
    return static_cast<std::int64_t>(static_cast<SignedWide>(number) * part / std::max<Index>(all, 1));
  };
  for (Index& capacity : places.capacity) capacity = scaled(capacity);
  if (places.budget_millionths >= 0) places.budget_millionths = scaled(places.budget_millionths);
  return places;
}

/// Those of small hashes, about so many over all ranks; all if these are not more.
struct Sample {
  std::vector<Index> customers;
  Index size = 0;  ///< of all ranks

  Sample(const Communicator& comm, const OfferValues& values, std::span<const Index> from, Index all, Index wanted) {
    const auto below =
        all <= wanted ? std::uint64_t{1} << 32 : static_cast<std::uint64_t>((SignedWide{wanted} << 32) / all);
    for (const Index customer : from) {
      if (values.hashes[static_cast<std::size_t>(customer)] < below) customers.push_back(customer);
    }
    size = comm.sum(std::ssize(customers));
  }
};

}  // namespace

std::vector<std::int64_t> OfferPrices::total(std::span<const std::int64_t> cost_millionths) const {
  std::vector<std::int64_t> prices;
  for (std::size_t o = 0; o < own.size(); ++o)
    prices.push_back(static_cast<std::int64_t>(std::min(whole_price(*this, o, cost_millionths[o]), most_price_wide)));
  return prices;
}

PriceSearch find_prices(const Communicator& comm, const OfferValues& values, std::span<const Index> customers,
                        const CampaignLimits& limits, const PriceSteps& steps) {
  PriceSearch search;
  search.prices.own.assign(values.offers(), 0);
  search.steps = steps.all;
  const Index all = comm.sum(std::ssize(customers));
  const Places places = places_of(limits, all, values.cost_millionths);
  const Sample few(comm, values, customers, all, steps.few_customers);
  PriceDescent(comm, values, few.customers, limits.offers, share_of(places, few.size, all))
      .run_with_less_and_less_spread(search.prices, steps.few);
  if (all <= steps.sampled_customers) {
    search.steps = steps.sampled + steps.all;
  } else {
    const Sample sample(comm, values, customers, all, steps.sampled_customers);
    static_cast<void>(PriceDescent(comm, values, sample.customers, limits.offers, share_of(places, sample.size, all))
                          .run(search.prices, steps.sampled));
  }
  search.bound_millionths =
      PriceDescent(comm, values, customers, limits.offers, places).run(search.prices, search.steps);
  return search;
}

std::vector<std::int64_t> bounds_of_sizes(const Communicator& comm, const OfferValues& values,
                                          std::span<const Index> customers, const CampaignLimits& limits,
                                          const OfferPrices& from, std::span<const Index> sizes) {
  constexpr PriceSteps steps{.few = 600, .sampled = 100};
  const Index all = comm.sum(std::ssize(customers));
  const Sample few(comm, values, customers, all, steps.few_customers);
  std::vector<std::int64_t> bounds;
  for (const Index size : sizes) {
    if (few.size == 0 || size == 0) {
      bounds.push_back(0);
      continue;
    }
    const Places places = places_of(limits, size, values.cost_millionths);
    PriceDescent descent(comm, values, few.customers, limits.offers, places, {.customers = size, .counted = few.size});
    OfferPrices near = from;
    OfferPrices anew = from;
    descent.run_with_less_and_less_spread(anew, steps.few);
    bounds.push_back(std::min(descent.run(near, steps.sampled), descent.run(anew, steps.sampled)));
  }
  return bounds;
}

}  // namespace rankwise
