#include "distributed/synthetic/responses.hpp"

#include <algorithm>
#include <cmath>

#include "distributed/rows/id_keys.hpp"
#include "distributed/synthetic/draws.hpp"

namespace rankwise {

namespace {

constexpr std::uint64_t seed_step = 0xD6E8FEB86659FD93ULL;  // draws of its own: all other rows are the same

/// Segments (and none) by offers: the place of a response, or -1.
class ResponseTable {
 public:
  ResponseTable(const CampaignAssignment& assignment, std::span<const PlantedResponse> responses)
      : offers_(assignment.offers.size()), places_((assignment.segments.size() + 1) * offers_, -1) {
    for (std::size_t row = 0; row <= assignment.segments.size(); ++row) {
      const std::string segment = row < assignment.segments.size() ? assignment.segments[row] : "*";
      for (std::size_t offer = 0; offer < offers_; ++offer) {
        places_[row * offers_ + offer] = place_of(segment, assignment.offers.names[offer], responses);
      }
    }
  }

  [[nodiscard]] std::ptrdiff_t place(std::int32_t segment, std::int32_t offer) const {
    const std::size_t row = segment < 0 ? places_.size() / offers_ - 1 : static_cast<std::size_t>(segment);
    return places_[row * offers_ + static_cast<std::size_t>(offer)];
  }

 private:
  static std::ptrdiff_t place_of(const std::string& segment, const std::string& offer,
                                 std::span<const PlantedResponse> responses) {
    std::ptrdiff_t of_any = -1;
    for (std::size_t place = 0; place < responses.size(); ++place) {
      if (responses[place].offer != offer) continue;
      if (responses[place].segment == segment) return static_cast<std::ptrdiff_t>(place);
      if (responses[place].segment == "*") of_any = static_cast<std::ptrdiff_t>(place);
    }
    return of_any;
  }

  std::size_t offers_;
  std::vector<std::ptrdiff_t> places_;
};

/// Poisson's distribution by products of uniforms (Knuth); means of up to most_extra_orders.
Index draw_count(Draws& draws, double mean) {
  const double end = std::exp(-mean);
  Index count = 0;
  for (double product = draws.uniform(); product > end; product *= draws.uniform()) ++count;
  return count;
}

}  // namespace

ExtraPurchases extra_purchases(const CampaignAssignment& assignment, std::span<const PlantedResponse> responses,
                               Index items, std::uint64_t seed) {
  const ResponseTable table(assignment, responses);
  const std::vector<std::uint64_t> keys = id_keys(assignment.ids.ids);
  const OfferLines& lines = assignment.lines;
  const std::int64_t start = (assignment.terms.start_microseconds + millionths - 1) / millionths;
  ExtraPurchases extra{{}, std::vector<Index>(responses.size(), 0), std::vector<Index>(responses.size(), 0)};
  for (std::size_t customer = 0; customer < keys.size(); ++customer) {
    Draws draws(seed + seed_step, RandomPurpose::synthetic_dirt, static_cast<Index>(keys[customer]));
    const std::size_t first = extra.purchases.size();
    for (auto line = static_cast<std::size_t>(lines.offsets[customer]);
         line < static_cast<std::size_t>(lines.offsets[customer + 1]); ++line) {
      const std::ptrdiff_t place =
          lines.sent[line] != 0 ? table.place(assignment.segment_of[customer], lines.offers[line]) : -1;
      if (place < 0) continue;
      const auto response = static_cast<std::size_t>(place);
      ++extra.sent[response];
      const Index count = draw_count(draws, responses[response].extra_orders);
      extra.orders[response] += count;
      for (Index order = 0; order < count; ++order) {
        extra.purchases.push_back({.customer = static_cast<Index>(customer),
                                   .item = draws.below(items),
                                   .amount_cents = responses[response].amount_cents,
                                   .timestamp = start + draws.below(assignment.terms.horizon_seconds)});
      }
    }
    std::sort(extra.purchases.begin() + static_cast<std::ptrdiff_t>(first), extra.purchases.end(),
              [](const ExtraPurchase& one, const ExtraPurchase& other) {
                return std::pair(one.timestamp, one.item) < std::pair(other.timestamp, other.item);
              });
  }
  return extra;
}

}  // namespace rankwise
