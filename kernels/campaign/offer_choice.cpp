#include "kernels/campaign/offer_choice.hpp"

#include <algorithm>

namespace rankwise {

OfferChooser::OfferChooser(const OfferLimits& limits) : limits_(limits) {
  std::int32_t categories = 0;
  for (const std::int32_t category : limits.category_of) categories = std::max(categories, category + 1);
  of_category_.resize(static_cast<std::size_t>(categories), 0);
}

std::span<const std::int32_t> OfferChooser::choose(std::span<const std::int64_t> net) {
  chosen_.clear();
  if (limits_.per_customer == 1) {
    const auto best = std::ranges::max_element(net);
    if (best != net.end() && *best > 0 && limits_.per_category > 0)
      chosen_.push_back(static_cast<std::int32_t>(best - net.begin()));
    return chosen_;
  }
  ranked_.clear();
  for (std::size_t offer = 0; offer < net.size(); ++offer) {
    if (net[offer] > 0) ranked_.push_back(static_cast<std::int32_t>(offer));
  }
  const auto value = [&](std::int32_t offer) { return net[static_cast<std::size_t>(offer)]; };
  std::ranges::sort(ranked_,
                    [&](std::int32_t a, std::int32_t b) { return value(a) != value(b) ? value(a) > value(b) : a < b; });
  for (const std::int32_t offer : ranked_) {
    if (std::ssize(chosen_) == limits_.per_customer) break;
    Index& held = of_category_[static_cast<std::size_t>(limits_.category_of[static_cast<std::size_t>(offer)])];
    if (held == limits_.per_category) continue;
    ++held;
    chosen_.push_back(offer);
  }
  for (const std::int32_t offer : chosen_)
    of_category_[static_cast<std::size_t>(limits_.category_of[static_cast<std::size_t>(offer)])] = 0;
  return chosen_;
}

std::int32_t OfferChooser::addition(std::span<const std::int64_t> net, std::span<const std::int32_t> held,
                                    std::int64_t least) {
  if (std::ssize(held) >= limits_.per_customer) return -1;
  const auto category = [&](std::int32_t offer) {
    return static_cast<std::size_t>(limits_.category_of[static_cast<std::size_t>(offer)]);
  };
  for (const std::int32_t offer : held) ++of_category_[category(offer)];
  std::int32_t best = -1;
  for (std::size_t o = 0; o < net.size(); ++o) {
    const auto offer = static_cast<std::int32_t>(o);
    if (net[o] <= least || (best >= 0 && net[o] <= net[static_cast<std::size_t>(best)])) continue;
    if (of_category_[category(offer)] >= limits_.per_category) continue;
    if (std::ranges::find(held, offer) != held.end()) continue;
    best = offer;
  }
  for (const std::int32_t offer : held) of_category_[category(offer)] = 0;
  return best;
}

}  // namespace rankwise
