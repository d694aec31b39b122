#define XXH_INLINE_ALL
#include "distributed/rows/id_column.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <fmt/format.h>
#include <optional>
#include <xxhash.h>

#include "kernels/text/shown_text.hpp"
#include "kernels/text/utf8.hpp"

namespace rankwise {

namespace {
/// The canonical integer that `text` is.
std::optional<std::int64_t> canonical_integer(std::string_view text) {
  const bool negative = text.front() == '-';
  const std::string_view digits = negative ? text.substr(1) : text;
  if (digits.empty() || digits.front() < '0' || digits.front() > '9') return std::nullopt;
  if (digits.front() == '0' && text.size() > 1) return std::nullopt;  // leading zeros, and -0
  // Not by number_text: called, and by way of an optional, it made the reading of a log of 20 million rows 40% slower.
  std::int64_t value = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// UTF-8 without zero bytes.
bool is_valid_text(std::string_view text) {
  while (!text.empty()) {
    const std::size_t bytes = utf8_bytes(text);
    if (bytes == 0 || text.front() == '\0') return false;
    text.remove_prefix(bytes);
  }
  return true;
}
}  // namespace

Index IntegerTable::intern(std::int64_t key) {
  if (2 * (keys_.size() + 1) > slots_.size()) grow();
  std::size_t slot = slot_of(key);
  while (slots_[slot] != 0) {
    if (keys_[slots_[slot] - 1] == key) return Index{slots_[slot]} - 1;
    slot = (slot + 1) & (slots_.size() - 1);
  }
  keys_.push_back(key);
  slots_[slot] = static_cast<std::uint32_t>(keys_.size());
  return size() - 1;
}

std::size_t IntegerTable::slot_of(std::int64_t key) const {
  std::uint64_t bits = static_cast<std::uint64_t>(key) * 0x9E3779B97F4A7C15ULL;
  bits ^= bits >> 32;
  return bits & (slots_.size() - 1);
}

void IntegerTable::grow() {
  slots_.assign(std::max<std::size_t>(1024, 2 * slots_.size()), 0);
  for (std::size_t number = 0; number < keys_.size(); ++number) {
    std::size_t slot = slot_of(keys_[number]);
    while (slots_[slot] != 0) slot = (slot + 1) & (slots_.size() - 1);
    slots_[slot] = static_cast<std::uint32_t>(number) + 1;
  }
}

std::string_view StringTable::at(Index number) const {
  const Index begin = number == 0 ? 0 : ends_[rankwise::at(number - 1)];
  return {bytes_.data() + begin, rankwise::at(ends_[rankwise::at(number)] - begin)};
}

// Not inlined: GCC 12 warns of reads past short texts that XXH3 never does.
[[gnu::noinline]] std::uint64_t StringTable::hash_of(std::string_view text) {
  return XXH3_64bits(text.data(), text.size());
}

void StringTable::fetch_place(std::uint64_t hash) const {
  if (!slots_.empty()) __builtin_prefetch(&slots_[hash & (slots_.size() - 1)]);
}

void StringTable::fetch_text(std::uint64_t hash) const {
  if (slots_.empty()) return;
  __builtin_prefetch(bytes_.data() + (slots_[hash & (slots_.size() - 1)].begin_and_size >> size_bits));
}

Index StringTable::intern(std::string_view text, std::uint64_t hash) {
  if (2 * (size() + 1) > static_cast<Index>(slots_.size())) grow();
  const std::size_t mask = slots_.size() - 1;
  const auto tag = static_cast<std::uint32_t>(hash >> 32);
  const std::uint64_t size_mask = (std::uint64_t{1} << size_bits) - 1;
  std::size_t slot = hash & mask;
  while (slots_[slot].number_plus_one != 0) {
    const Slot& known = slots_[slot];
    if (known.tag == tag && (known.begin_and_size & size_mask) == text.size() &&
        std::memcmp(bytes_.data() + (known.begin_and_size >> size_bits), text.data(), text.size()) == 0) {
      return Index{known.number_plus_one} - 1;
    }
    slot = (slot + 1) & mask;
  }
  const std::uint64_t begin = bytes_.size();
  bytes_.insert(bytes_.end(), text.begin(), text.end());
  ends_.push_back(static_cast<Index>(bytes_.size()));
  hashes_.push_back(hash);
  slots_[slot] = {static_cast<std::uint32_t>(size()), tag, begin << size_bits | text.size()};
  return size() - 1;
}

void StringTable::grow() {
  slots_.assign(std::max<std::size_t>(1024, slots_.size() * 2), {});
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t number = 0; number < hashes_.size(); ++number) {
    std::size_t slot = hashes_[number] & mask;
    while (slots_[slot].number_plus_one != 0) slot = (slot + 1) & mask;
    const std::uint64_t begin = number == 0 ? 0 : static_cast<std::uint64_t>(ends_[number - 1]);
    const std::uint64_t size = static_cast<std::uint64_t>(ends_[number]) - begin;
    slots_[slot] = {static_cast<std::uint32_t>(number) + 1, static_cast<std::uint32_t>(hashes_[number] >> 32),
                    begin << size_bits | size};
  }
}

std::uint64_t IdColumn::expected(std::string_view text) const {
  if (are_integers_) return 0;  // if this one makes them texts, append() finds out
  const std::uint64_t hash = StringTable::hash_of(text);
  texts_.fetch_place(hash);
  return hash;
}

void IdColumn::expect_text(std::uint64_t hash) const {
  if (!are_integers_) texts_.fetch_text(hash);
}

void IdColumn::append(std::string_view text, std::uint64_t hash) {
  if (are_integers_) {
    if (const std::optional<std::int64_t> value = canonical_integer(text)) return push_back(integers_.intern(*value));
    become_text();
    hash = StringTable::hash_of(text);
  }
  if (std::ssize(text) > most_id_bytes) {
    throw Error(ExitCode::bad_data,
                fmt::format("id {} holds {} bytes, at most {} are taken", shown(text), text.size(), most_id_bytes));
  }
  const Index known = texts_.size();
  const Index number = texts_.intern(text, hash);
  if (number == known && !is_valid_text(text)) {
    throw Error(ExitCode::bad_data, fmt::format("id {} is not UTF-8 text", shown(text)));
  }
  push_back(number);
}

void IdColumn::append(std::int64_t id) {
  push_back(are_integers_ ? integers_.intern(id) : intern_as_text(id));
}

void IdColumn::append(const IdColumn& other) {
  if (!other.are_integers_) become_text();
  std::vector<Index> own_numbers;
  for (const std::int64_t id : other.integers_.keys()) {
    own_numbers.push_back(are_integers_ ? integers_.intern(id) : intern_as_text(id));
  }
  for (Index number = 0; number < other.texts_.size(); ++number) {
    own_numbers.push_back(texts_.intern(other.texts_.at(number)));
  }
  reserve(size() + other.size());
  for (const std::int32_t number : other.numbers_) push_back(own_numbers[at(number)]);
}

std::string IdColumn::text(Index number) const {
  return are_integers_ ? std::to_string(integers_.keys()[at(number)]) : std::string(texts_.at(number));
}

void IdColumn::push_back(Index number) {
  if (number >= most_distinct_ids) {
    throw Error(ExitCode::bad_data,
                fmt::format("more than {} distinct ids: more ranks can hold more", most_distinct_ids));
  }
  numbers_.push_back(static_cast<std::int32_t>(number));
}

Index IdColumn::intern_as_text(std::int64_t id) {
  std::array<char, 24> digits{};
  const auto [end, status] = std::to_chars(digits.data(), digits.data() + digits.size(), id);
  return texts_.intern({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

void IdColumn::become_text() {
  if (!are_integers_) return;
  are_integers_ = false;
  // Distinct integers are distinct texts, in the same order: the numbers remain.
  for (const std::int64_t id : integers_.keys()) (void)intern_as_text(id);
  integers_ = {};
}

void IdColumn::rename(const std::function<std::string(std::string_view)>& name_of) {
  StringTable names;
  std::vector<std::int32_t> renamed;
  renamed.reserve(at(distinct()));
  for (Index number = 0; number < distinct(); ++number) {
    renamed.push_back(static_cast<std::int32_t>(names.intern(name_of(text(number)))));
  }
  are_integers_ = false;
  integers_ = {};
  texts_ = std::move(names);
  for (std::int32_t& number : numbers_) number = renamed[at(number)];
}

void IdColumn::keep(const std::vector<Index>& kept) {
  for (std::size_t i = 0; i < kept.size(); ++i) numbers_[i] = numbers_[at(kept[i])];
  numbers_.resize(kept.size());
}

void agree_on_kind(const Communicator& comm, IdColumn& column) {
  const bool text =
      !column.are_integers() || std::ranges::any_of(column.integers().keys(), [](std::int64_t id) { return id < 0; });
  if (comm.max(text ? Index{1} : Index{0}) == 1) column.become_text();
}

}  // namespace rankwise
