#include "distributed/campaign/key_cut.hpp"

namespace rankwise {

namespace {

constexpr std::size_t digits = 256;
constexpr int digit_bits = 8;
constexpr int key_bits = 64;

/// What is known of a group's cut after some of its digits.
struct Search {
  std::uint64_t prefix = 0;    // the digits so far, at their places
  std::int64_t remaining = 0;  // of the limit, after all keys above the prefix
  bool is_decided = false;
  KeyCut cut = {};
};

/// The digit at `shift` at which the limit is passed; all larger ones fit.
void take_digit(Search& search, std::span<const std::int64_t> weights, int shift) {
  std::size_t digit = digits;
  while (digit > 0 && weights[digit - 1] <= search.remaining) search.remaining -= weights[--digit];
  if (digit == 0) {  // only before the first digit is known: later ones are within one that does not fit
    search.is_decided = true;
    search.cut = search.prefix;
    return;
  }
  search.prefix |= static_cast<std::uint64_t>(digit - 1) << shift;
  if (shift > 0) return;
  search.is_decided = true;
  if (search.prefix != ~std::uint64_t{0}) search.cut = search.prefix + 1;
}

}  // namespace

std::vector<KeyCut> cut_keys(const Communicator& comm, std::span<const KeyedEntry> entries,
                             std::span<const std::int64_t> limits) {
  std::vector<Search> searches(limits.size());
  for (std::size_t g = 0; g < limits.size(); ++g) searches[g].remaining = limits[g];
  std::vector<std::int64_t> weights(limits.size() * digits);
  for (int shift = key_bits - digit_bits; shift >= 0; shift -= digit_bits) {
    weights.assign(weights.size(), 0);
    for (const KeyedEntry& entry : entries) {
      const auto group = static_cast<std::size_t>(entry.group);
      const Search& search = searches[group];
      const std::uint64_t above = shift == key_bits - digit_bits ? 0 : ~std::uint64_t{0} << (shift + digit_bits);
      if (search.is_decided || ((entry.key ^ search.prefix) & above) != 0) continue;
      weights[group * digits + (entry.key >> shift & (digits - 1))] += entry.weight;
    }
    comm.all_reduce_sum(std::span(weights));
    for (std::size_t g = 0; g < searches.size(); ++g) {
      if (!searches[g].is_decided) take_digit(searches[g], std::span(weights).subspan(g * digits, digits), shift);
    }
  }
  std::vector<KeyCut> cuts;
  for (const Search& search : searches) cuts.push_back(search.cut);
  return cuts;
}

}  // namespace rankwise
