#include "distributed/campaign/offer_values.hpp"

#include "kernels/campaign/offer_value.hpp"

namespace rankwise {

namespace {

template <class T>
Index bytes_of(const std::vector<T>& values) {
  return static_cast<Index>(values.size() * sizeof(T));
}

}  // namespace

Index OfferValues::bytes() const {
  Index bytes = bytes_of(hashes) + bytes_of(segment_of) + bytes_of(uplift_millionths);
  for (const std::vector<std::int32_t>& column : probabilities) bytes += bytes_of(column);
  return bytes;
}

std::int32_t OfferValues::probability(Index customer, std::size_t offer) const {
  if (column_of[offer] < 0) return constant_millionths[offer];
  return probabilities[static_cast<std::size_t>(column_of[offer])][static_cast<std::size_t>(customer)];
}

std::optional<std::int64_t> OfferValues::uplift(Index customer, std::size_t offer) const {
  if (uplift_millionths.empty()) return std::nullopt;
  const std::int32_t segment = segment_of.empty() ? -1 : segment_of[static_cast<std::size_t>(customer)];
  const auto row = static_cast<std::size_t>(segment < 0 ? segments : segment);
  const std::int64_t cell = uplift_millionths[row * offers() + offer];
  return cell == no_uplift ? std::nullopt : std::optional(cell);
}

std::optional<std::int64_t> OfferValues::value(Index customer, std::size_t offer) const {
  if (const std::optional<std::int64_t> measured = uplift(customer, offer)) return *measured - cost_millionths[offer];
  const std::int32_t share = probability(customer, offer);
  if (share == no_probability) return std::nullopt;
  return expected_value(share, margin_millionths[offer], cost_millionths[offer]);
}

FineValues::FineValues(const OfferValues& values) : values_(values) {
  for (std::size_t o = 0; o < values.offers(); ++o) {
    const std::int32_t column = values.column_of[o];
    offers_.push_back(
        {.probabilities = column < 0 ? nullptr : values.probabilities[static_cast<std::size_t>(column)].data(),
         .constant_millionths = values.constant_millionths[o],
         .margin_millionths = values.margin_millionths[o],
         .cost_millionths = values.cost_millionths[o]});
  }
}

void FineValues::read(Index customer, std::span<std::int64_t> out) const {
  const std::uint32_t hash = values_.hashes[static_cast<std::size_t>(customer)];
  for (std::size_t o = 0; o < offers_.size(); ++o) {
    const Offer& offer = offers_[o];
    const std::int32_t share =
        offer.probabilities == nullptr ? offer.constant_millionths : offer.probabilities[customer];
    const std::int64_t value = share == OfferValues::no_probability
                                   ? 0
                                   : expected_value(share, offer.margin_millionths, offer.cost_millionths);
    out[o] = fine_value(value, tie_of(hash, static_cast<std::uint32_t>(o)));
  }
  if (values_.uplift_millionths.empty()) return;
  for (std::size_t o = 0; o < offers_.size(); ++o) {
    if (const std::optional<std::int64_t> measured = values_.uplift(customer, o))
      out[o] = fine_value(*measured - offers_[o].cost_millionths, tie_of(hash, static_cast<std::uint32_t>(o)));
  }
}

}  // namespace rankwise
