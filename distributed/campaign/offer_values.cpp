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

void OfferValues::fine_values(Index customer, std::span<std::int64_t> out) const {
  const std::uint32_t hash = hashes[static_cast<std::size_t>(customer)];
  for (std::size_t offer = 0; offer < out.size(); ++offer) {
    const std::optional<std::int64_t> worth = value(customer, offer);
    out[offer] = worth ? fine_value(*worth, tie_of(hash, static_cast<std::uint32_t>(offer))) : not_offered;
  }
}

}  // namespace rankwise
