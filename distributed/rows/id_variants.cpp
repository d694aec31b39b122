#define XXH_INLINE_ALL
#include "distributed/rows/id_variants.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <optional>
#include <span>
#include <tuple>
#include <utf8proc.h>
#include <xxhash.h>

#include "distributed/comm/key_exchange.hpp"
#include "kernels/text/utf8.hpp"

namespace rankwise {

namespace {

using Strings = std::vector<std::string>;

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// In Unicode's form C.
std::string composed(std::string_view text) {
  if (is_ascii(text)) return std::string(text);
  utf8proc_uint8_t* made = nullptr;
  const utf8proc_ssize_t bytes =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                   &made, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(made, &std::free);
  if (bytes < 0) return std::string(text);  // no UTF-8
  return {reinterpret_cast<const char*>(made), static_cast<std::size_t>(bytes)};
}

std::string without_blanks(std::string_view text) {
  std::string kept;
  while (!text.empty()) {
    const std::string_view sign = text.substr(0, std::max<std::size_t>(1, utf8_bytes(text)));
    if (!is_blank_sign(sign)) kept += sign;
    text.remove_prefix(sign.size());
  }
  return kept;
}

/// "007", "7.0" and "+7" as "7"; any other text as it is.
std::string plain_number(std::string_view text) {
  std::string_view digits = text;
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  const std::string_view whole = digits.substr(0, digits.find('.'));
  const std::string_view decimals = digits.substr(whole.size());
  const bool is_number = !whole.empty() && whole.find_first_not_of("0123456789") == std::string_view::npos &&
                         decimals.find_first_not_of("0", 1) == std::string_view::npos;
  if (!is_number) return std::string(text);
  const std::string_view rest = whole.substr(std::min(whole.find_first_not_of('0'), whole.size() - 1));
  return (negative && rest != "0" ? "-" : "") + std::string(rest);
}

std::string plain_form(std::string_view id) {
  return plain_number(without_blanks(composed(id)));
}

/// The least of the three that makes the ids alike.
IdDifference difference_of(const std::string& a, const std::string& b) {
  const std::string first = composed(a);
  const std::string second = composed(b);
  if (first == second) return IdDifference::unicode_form;
  return without_blanks(first) == without_blanks(second) ? IdDifference::blanks : IdDifference::number_form;
}

std::uint64_t hash_of_form(std::string_view text) {
  return XXH3_64bits(text.data(), text.size());
}

struct HashedId {
  std::uint64_t hash = 0;
  Index place = 0;  ///< on the rank that holds the id
};

/// Ids in the order of the ranks that own their hashes, and how many go to each.
struct RoutedIds {
  std::vector<HashedId> ids;
  std::vector<Index> counts;
};

RoutedIds route(const Strings& ids, int ranks) {
  std::vector<HashedId> hashed;
  hashed.reserve(ids.size());
  for (const std::string& id : ids) hashed.push_back({hash_of_form(plain_form(id)), std::ssize(hashed)});
  const auto owner = [ranks](const HashedId& id) {
    return static_cast<int>(id.hash % static_cast<std::uint64_t>(ranks));
  };
  RoutedIds routed;
  routed.ids = sorted_by_owner(std::span<const HashedId>(hashed), ranks, owner, routed.counts);
  return routed;
}

/// For each of this rank's ids, in routed order, whether its plain form's hash is that of another one.
std::vector<std::int64_t> which_have_likes(const Communicator& comm, const RoutedIds& routed) {
  std::vector<std::uint64_t> hashes;
  for (const HashedId& id : routed.ids) hashes.push_back(id.hash);
  const Exchanged<std::uint64_t> received = comm.exchange(std::span<const std::uint64_t>(hashes), routed.counts);
  std::vector<std::uint64_t> sorted = received.values;
  std::ranges::sort(sorted);
  std::vector<std::int64_t> answers;
  for (const std::uint64_t hash : received.values) {
    const auto [first, last] = std::equal_range(sorted.begin(), sorted.end(), hash);  // clang 14 has no ranges' one
    answers.push_back(last - first > 1 ? 1 : 0);
  }
  return comm.exchange(std::span<const std::int64_t>(answers), received.counts).values;
}

/// Ids of all ranks that may have a like, at the owners of their hashes, sorted by plain form, then bytewise.
std::vector<std::pair<std::string, std::string>> gather_likes(const Communicator& comm, const Strings& ids) {
  const RoutedIds routed = route(ids, comm.size());
  const std::vector<std::int64_t> have_likes = which_have_likes(comm, routed);
  std::vector<std::string_view> sent;
  std::vector<Index> counts;
  std::size_t i = 0;
  for (const Index count : routed.counts) {
    const std::size_t before = sent.size();
    for (const std::size_t end = i + static_cast<std::size_t>(count); i < end; ++i) {
      if (have_likes[i] != 0) sent.emplace_back(ids[static_cast<std::size_t>(routed.ids[i].place)]);
    }
    counts.push_back(static_cast<Index>(sent.size() - before));
  }
  const ReceivedKeys<std::string_view> received = exchange_keys(comm, std::span<const std::string_view>(sent), counts);
  std::vector<std::pair<std::string, std::string>> likes;
  for (const std::string_view id : received.keys) likes.emplace_back(plain_form(id), id);
  std::ranges::sort(likes);
  return likes;
}

/// The lowest pair of all ranks, on every rank. `mine` is empty where this rank has none. Collective over comm.
std::pair<std::string, std::string> lowest_pair(const Communicator& comm, const Strings& mine) {
  std::vector<std::string_view> sent(mine.begin(), mine.end());
  const ReceivedKeys<std::string_view> all = gather_keys(comm, std::span<const std::string_view>(sent));
  std::optional<std::pair<std::string_view, std::string_view>> lowest;
  for (std::size_t i = 0; i + 1 < all.keys.size(); i += 2) {
    const std::pair<std::string_view, std::string_view> pair(all.keys[i], all.keys[i + 1]);
    if (!lowest || pair < *lowest) lowest = pair;
  }
  return {std::string(lowest->first), std::string(lowest->second)};
}

}  // namespace

std::string_view difference_text(IdDifference difference) {
  switch (difference) {
    case IdDifference::unicode_form:
      return "in Unicode form";
    case IdDifference::blanks:
      return "in blanks";
    case IdDifference::number_form:
      break;
  }
  return "in how a number is written";
}

std::vector<IdVariants> find_id_variants(const Communicator& comm, const IdRows& ids) {
  const auto* const texts = std::get_if<Strings>(&ids.ids);
  const Strings none;
  const Strings& mine = texts != nullptr ? *texts : none;
  if (comm.sum(std::ssize(mine)) == 0) return {};

  constexpr std::array differences{IdDifference::unicode_form, IdDifference::blanks, IdDifference::number_form};
  std::array<Index, differences.size()> counts{};
  std::array<Strings, differences.size()> lowest;  // a pair, or nothing
  const std::vector<std::pair<std::string, std::string>> likes = gather_likes(comm, mine);
  for (std::size_t i = 1; i < likes.size(); ++i) {
    if (likes[i - 1].first != likes[i].first) continue;
    const auto d = static_cast<std::size_t>(difference_of(likes[i - 1].second, likes[i].second));
    ++counts[d];
    const Strings pair{likes[i - 1].second, likes[i].second};
    if (lowest[d].empty() || pair < lowest[d]) lowest[d] = pair;
  }
  comm.all_reduce_sum(std::span<Index>(counts));
  std::vector<IdVariants> found;
  for (std::size_t d = 0; d < differences.size(); ++d) {
    if (counts[d] == 0) continue;
    const auto [first, second] = lowest_pair(comm, lowest[d]);
    found.push_back({differences[d], counts[d], first, second});
  }
  return found;
}

}  // namespace rankwise
