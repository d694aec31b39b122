#include "distributed/campaign/offer_assignment.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "distributed/campaign/key_cut.hpp"
#include "distributed/threads/team_size.hpp"
#include "kernels/campaign/offer_value.hpp"

namespace rankwise {

namespace {

__extension__ using Wide = unsigned __int128;

constexpr int most_fill_rounds = 64;
constexpr std::int32_t empty_slot = -1;

/// Net values, which may be negative, in their order.
std::uint64_t key_of(std::int64_t net) {
  return static_cast<std::uint64_t>(net) ^ (std::uint64_t{1} << 63);
}

/// A worth above 0 for each millionth of cost; what costs nothing comes first.
std::uint64_t density_of(std::int64_t worth, std::int64_t cost_millionths) {
  constexpr int bits = 16;
  constexpr Wide most = ~std::uint64_t{0};
  if (cost_millionths == 0) return ~std::uint64_t{0};
  const Wide density = (static_cast<Wide>(worth) << bits) / static_cast<Wide>(cost_millionths);
  return static_cast<std::uint64_t>(std::min(density, most));
}

/// An offer that a customer has or asks for.
struct Claim {
  Index customer = 0;
  std::int32_t offer = 0;
  std::int64_t net = 0;  // its fine value less its price
};

class Assigner {
 public:
  Assigner(const Communicator& comm, const OfferValues& values, std::span<const CustomerGroup> groups,
           const CampaignLimits& limits, const OfferPrices& prices)
      : comm_(comm),
        values_(values),
        fine_(values),
        groups_(groups),
        limits_(limits),
        prices_(prices.total(values.cost_millionths)),
        slots_(static_cast<std::size_t>(limits.offers.per_customer)),
        held_(groups.size() * slots_, empty_slot),
        left_(limits.capacity),
        budget_left_(limits.budget_millionths) {
    const Index customers = comm.sum(std::ssize(groups));
    for (Index& left : left_) {
      if (left == CampaignLimits::unlimited) left = customers;
    }
  }

  OfferAssignment run() {
    std::vector<Claim> claims = claims_of([&](OfferChooser& chooser, Index customer, std::span<std::int64_t> net,
                                              std::vector<Claim>& out) { choose(chooser, customer, net, out); });
    static_cast<void>(grant(claims));
    for (int round = 0; round < most_fill_rounds && anything_left(); ++round) {
      claims = claims_of([&](OfferChooser& chooser, Index customer, std::span<std::int64_t> net,
                             std::vector<Claim>& out) { ask(chooser, customer, net, out); });
      if (grant(claims) == 0) break;
    }
    return lines();
  }

 private:
  [[nodiscard]] bool is_treated(Index customer) const {
    return groups_[static_cast<std::size_t>(customer)] == CustomerGroup::treated;
  }
  [[nodiscard]] std::span<std::int32_t> slots(Index customer) {
    return std::span(held_).subspan(static_cast<std::size_t>(customer) * slots_, slots_);
  }
  /// Offers that the customer has.
  [[nodiscard]] std::span<const std::int32_t> held(Index customer) {
    const std::span<std::int32_t> all = slots(customer);
    const auto end = std::ranges::find(all, empty_slot);
    return all.first(static_cast<std::size_t>(end - all.begin()));
  }
  [[nodiscard]] bool has_budget() const { return limits_.budget_millionths >= 0; }
  [[nodiscard]] bool is_left(std::size_t offer) const {
    return left_[offer] > 0 && (!has_budget() || values_.cost_millionths[offer] <= budget_left_);
  }
  [[nodiscard]] bool anything_left() const {
    for (std::size_t o = 0; o < left_.size(); ++o) {
      if (is_left(o)) return true;
    }
    return false;
  }

  /// What the customer chooses at the prices.
  void choose(OfferChooser& chooser, Index customer, std::span<std::int64_t> net, std::vector<Claim>& out) {
    if (!is_treated(customer)) return;
    fine_.read(customer, net);
    for (std::size_t o = 0; o < net.size(); ++o) net[o] -= prices_[o];
    for (const std::int32_t offer : chooser.choose(net)) {
      const auto o = static_cast<std::size_t>(offer);
      out.push_back({customer, offer, net[o]});
    }
  }
  /// The best offer that is left.
  void ask(OfferChooser& chooser, Index customer, std::span<std::int64_t> net, std::vector<Claim>& out) {
    if (!is_treated(customer) || slots(customer).back() != empty_slot) return;
    fine_.read(customer, net);
    constexpr std::int64_t nothing = 2 * not_offered;
    for (std::size_t o = 0; o < net.size(); ++o)
      net[o] = net[o] == not_offered || !is_left(o) ? nothing : net[o] - prices_[o];
    const std::int32_t offer = chooser.addition(net, held(customer), nothing);
    if (offer < 0) return;
    const auto o = static_cast<std::size_t>(offer);
    out.push_back({customer, offer, net[o]});
  }

  /// Of all customers, in their order.
  template <class Collect>
  std::vector<Claim> claims_of(const Collect& collect) {
    const Index customers = std::ssize(groups_);
    const int threads =
        team_size(static_cast<double>(customers) * static_cast<double>(values_.offers()) * operations_per_value);
    std::vector<std::vector<Claim>> parts(static_cast<std::size_t>(threads));
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int t = 0; t < threads; ++t) {
      OfferChooser chooser(limits_.offers);
      std::vector<std::int64_t> net(values_.offers());
      for (Index c = customers * t / threads; c < customers * (t + 1) / threads; ++c)
        collect(chooser, c, std::span(net), parts[static_cast<std::size_t>(t)]);
    }
    std::vector<Claim> claims = std::move(parts.front());
    for (std::size_t t = 1; t < parts.size(); ++t) claims.insert(claims.end(), parts[t].begin(), parts[t].end());
    return claims;
  }

  /// Gives the claims that fit capacities, then the budget, to their customers. Returns how many of all ranks.
  Index grant(std::vector<Claim>& claims) {
    std::vector<KeyedEntry> entries;
    entries.reserve(claims.size());
    for (const Claim& claim : claims) entries.push_back({claim.offer, key_of(claim.net), 1});
    const std::vector<KeyCut> cuts = cut_keys(comm_, entries, left_);
    std::erase_if(claims, [&](const Claim& claim) {
      return !fits(cuts[static_cast<std::size_t>(claim.offer)], key_of(claim.net));
    });
    if (has_budget()) {
      const auto key = [&](const Claim& claim) {
        const auto offer = static_cast<std::size_t>(claim.offer);
        return density_of(claim.net + prices_[offer], values_.cost_millionths[offer]);
      };
      entries.clear();
      for (const Claim& claim : claims)
        entries.push_back({0, key(claim), values_.cost_millionths[static_cast<std::size_t>(claim.offer)]});
      const std::vector<std::int64_t> budget{budget_left_};
      const KeyCut cut = cut_keys(comm_, entries, budget).front();
      std::erase_if(claims, [&](const Claim& claim) { return !fits(cut, key(claim)); });
    }
    return take(claims);
  }

  Index take(const std::vector<Claim>& claims) {
    std::vector<std::int64_t> sums(left_.size() + 1, 0);
    for (const Claim& claim : claims) {
      *std::ranges::find(slots(claim.customer), empty_slot) = claim.offer;
      ++sums[static_cast<std::size_t>(claim.offer)];
      sums.back() += values_.cost_millionths[static_cast<std::size_t>(claim.offer)];
    }
    comm_.all_reduce_sum(std::span(sums));
    for (std::size_t o = 0; o < left_.size(); ++o) left_[o] -= sums[o];
    if (has_budget()) budget_left_ -= sums.back();
    return comm_.sum(std::ssize(claims));
  }

  /// What each customer chooses, beside what each gets.
  OfferAssignment lines();
  void add_line(Index customer, std::int32_t offer, bool intended, bool sent, OfferAssignment& result) const;
  void add_customer(Index customer, OfferChooser& chooser, std::span<std::int64_t> net, OfferAssignment& result);
  void count_customer(Index customer, OfferFigures& figures) const;
  void reduce(OfferFigures& figures) const;

  const Communicator& comm_;
  const OfferValues& values_;
  FineValues fine_;
  std::span<const CustomerGroup> groups_;
  const CampaignLimits& limits_;
  std::vector<std::int64_t> prices_;
  std::size_t slots_;
  std::vector<std::int32_t> held_;  // of each customer, its offers, then empty slots
  std::vector<Index> left_;         // places of each offer
  std::int64_t budget_left_;
};

/// One number an offer.
constexpr std::array counts_of_offers{&OfferFigures::possible,
                                      &OfferFigures::unknown,
                                      &OfferFigures::intended,
                                      &OfferFigures::intended_of_controls,
                                      &OfferFigures::sent,
                                      &OfferFigures::taken_back,
                                      &OfferFigures::filled,
                                      &OfferFigures::value_millionths,
                                      &OfferFigures::intended_value_millionths};
constexpr std::array sums_of_figures{&OfferFigures::customers, &OfferFigures::spending_millionths,
                                     &OfferFigures::value_total_millionths, &OfferFigures::probability_millionths};

OfferFigures no_figures(std::size_t offers) {
  OfferFigures figures;
  for (const auto counts : counts_of_offers) (figures.*counts).assign(offers, 0);
  return figures;
}

void Assigner::add_line(Index customer, std::int32_t offer, bool intended, bool sent, OfferAssignment& result) const {
  const auto o = static_cast<std::size_t>(offer);
  const std::int64_t value = values_.value(customer, o).value_or(0);
  result.lines.offers.push_back(offer);
  result.lines.value_millionths.push_back(value);
  result.lines.intended.push_back(intended ? 1 : 0);
  result.lines.sent.push_back(sent ? 1 : 0);
  OfferFigures& figures = result.figures;
  if (intended) {
    ++(is_treated(customer) ? figures.intended : figures.intended_of_controls)[o];
    figures.intended_value_millionths[o] += value;
  }
  if (intended && !sent && is_treated(customer)) ++figures.taken_back[o];
  if (!sent) return;
  ++figures.sent[o];
  figures.filled[o] += intended ? 0 : 1;
  figures.value_millionths[o] += value;
  figures.value_total_millionths += value;
  figures.spending_millionths += values_.cost_millionths[o];
  figures.probability_millionths += std::max(values_.probability(customer, o), 0);
}

void Assigner::count_customer(Index customer, OfferFigures& figures) const {
  for (std::size_t o = 0; o < values_.offers(); ++o) {
    const std::optional<std::int64_t> value = values_.value(customer, o);
    if (!value) ++figures.unknown[o];
    const bool is_paid = !has_budget() || values_.cost_millionths[o] <= limits_.budget_millionths;
    if (value.value_or(0) > 0 && limits_.capacity[o] != 0 && is_paid) ++figures.possible[o];
  }
}

void Assigner::reduce(OfferFigures& figures) const {
  for (const auto counts : counts_of_offers) comm_.all_reduce_sum(std::span(figures.*counts));
  for (const auto sum : sums_of_figures) figures.*sum = comm_.sum(figures.*sum);
}

/// Behind what is there; figures are added.
void append(OfferAssignment& all, const OfferAssignment& part) {
  OfferLines& lines = all.lines;
  const Index first = lines.offsets.back();
  for (std::size_t c = 1; c < part.lines.offsets.size(); ++c) lines.offsets.push_back(first + part.lines.offsets[c]);
  const auto join = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
  join(lines.offers, part.lines.offers);
  join(lines.value_millionths, part.lines.value_millionths);
  join(lines.intended, part.lines.intended);
  join(lines.sent, part.lines.sent);
  for (const auto counts : counts_of_offers) {
    for (std::size_t o = 0; o < (all.figures.*counts).size(); ++o)
      (all.figures.*counts)[o] += (part.figures.*counts)[o];
  }
  for (const auto sum : sums_of_figures) all.figures.*sum += part.figures.*sum;
}

void Assigner::add_customer(Index customer, OfferChooser& chooser, std::span<std::int64_t> net,
                            OfferAssignment& result) {
  fine_.read(customer, net);
  for (std::size_t o = 0; o < net.size(); ++o) net[o] -= prices_[o];
  const std::span<const std::int32_t> intended = chooser.choose(net);
  const std::span<const std::int32_t> sent = held(customer);
  const auto has = [](std::span<const std::int32_t> of, std::int32_t offer) {
    return std::ranges::find(of, offer) != of.end();
  };
  std::vector<std::int32_t> offers(intended.begin(), intended.end());
  for (const std::int32_t offer : sent) {
    if (!has(intended, offer)) offers.push_back(offer);
  }
  std::ranges::sort(offers);
  for (const std::int32_t offer : offers) add_line(customer, offer, has(intended, offer), has(sent, offer), result);
  result.lines.offsets.push_back(std::ssize(result.lines.offers));
  count_customer(customer, result.figures);
  result.figures.customers += sent.empty() ? 0 : 1;
}

OfferAssignment Assigner::lines() {
  const Index customers = std::ssize(groups_);
  const int threads =
      team_size(static_cast<double>(customers) * static_cast<double>(values_.offers()) * operations_per_value);
  std::vector<OfferAssignment> parts(static_cast<std::size_t>(threads), {{}, no_figures(values_.offers())});
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int t = 0; t < threads; ++t) {
    OfferChooser chooser(limits_.offers);
    std::vector<std::int64_t> net(values_.offers());
    for (Index c = customers * t / threads; c < customers * (t + 1) / threads; ++c)
      add_customer(c, chooser, net, parts[static_cast<std::size_t>(t)]);
  }
  OfferAssignment result = std::move(parts.front());
  for (std::size_t t = 1; t < parts.size(); ++t) append(result, std::exchange(parts[t], {}));
  reduce(result.figures);
  return result;
}

}  // namespace

OfferAssignment assign_offers(const Communicator& comm, const OfferValues& values,
                              std::span<const CustomerGroup> groups, const CampaignLimits& limits,
                              const OfferPrices& prices) {
  return Assigner(comm, values, groups, limits, prices).run();
}

}  // namespace rankwise
