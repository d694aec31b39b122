#include "distributed/rows/id_dictionary.hpp"

#include <algorithm>
#include <numeric>
#include <string>
#include <type_traits>

#include "distributed/comm/key_exchange.hpp"

namespace rankwise {

namespace {
constexpr Index least_samples = 64;  // per rank: parts differ by a few percent

std::size_t at(Index i) {
  return static_cast<std::size_t>(i);
}

/// Distinct keys of the local records in ascending order, and where in them each record's key stands.
template <class Key>
struct DistinctKeys {
  std::vector<Key> keys;
  std::vector<Index> place_of_record;
};

/// Turns "record -> number of a distinct key" into sorted keys and "record -> place".
template <class Key>
DistinctKeys<Key> sort_distinct(const std::vector<Key>& keys, std::vector<Index> number_of_record) {
  std::vector<Index> order(keys.size());
  std::iota(order.begin(), order.end(), Index{0});
  std::sort(order.begin(), order.end(), [&](Index a, Index b) { return keys[at(a)] < keys[at(b)]; });
  std::vector<Index> place(keys.size());
  DistinctKeys<Key> distinct;
  distinct.keys.reserve(keys.size());
  for (const Index number : order) {
    place[at(number)] = static_cast<Index>(distinct.keys.size());
    distinct.keys.push_back(keys[at(number)]);
  }
  for (Index& number : number_of_record) number = place[at(number)];
  distinct.place_of_record = std::move(number_of_record);
  return distinct;
}

/// Numbers distinct integers in order of first appearance by open addressing; logs repeat each id many times, so this
/// costs far less than sorting all records.
class IntegerTable {
 public:
  Index intern(std::int64_t key) {
    if (2 * (keys_.size() + 1) > slots_.size()) grow();
    std::size_t slot = slot_of(key);
    while (slots_[slot] != 0) {
      if (keys_[at(slots_[slot] - 1)] == key) return slots_[slot] - 1;
      slot = (slot + 1) & (slots_.size() - 1);
    }
    keys_.push_back(key);
    slots_[slot] = static_cast<Index>(keys_.size());
    return slots_[slot] - 1;
  }
  [[nodiscard]] const std::vector<std::int64_t>& keys() const { return keys_; }

 private:
  [[nodiscard]] std::size_t slot_of(std::int64_t key) const {
    std::uint64_t bits = static_cast<std::uint64_t>(key) * 0x9E3779B97F4A7C15ULL;
    bits ^= bits >> 32;
    return bits & (slots_.size() - 1);
  }
  void grow() {
    slots_.assign(std::max<std::size_t>(1024, 2 * slots_.size()), 0);
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      std::size_t slot = slot_of(keys_[i]);
      while (slots_[slot] != 0) slot = (slot + 1) & (slots_.size() - 1);
      slots_[slot] = static_cast<Index>(i) + 1;
    }
  }
  std::vector<std::int64_t> keys_;
  std::vector<Index> slots_;  // number + 1, or 0; the size is a power of two
};

DistinctKeys<std::int64_t> distinct_integers(const IdColumn& column) {
  IntegerTable table;
  std::vector<Index> number_of_record;
  number_of_record.reserve(column.values().size());
  for (const std::int64_t id : column.values()) number_of_record.push_back(table.intern(id));
  return sort_distinct(table.keys(), std::move(number_of_record));
}

/// Only texts that a record still refers to: rows may have been dropped since they were read.
DistinctKeys<std::string_view> distinct_texts(const IdColumn& column) {
  std::vector<Index> number_of_text(at(column.texts().size()), -1);
  std::vector<std::string_view> texts;
  std::vector<Index> number_of_record;
  number_of_record.reserve(column.values().size());
  for (const std::int64_t text : column.values()) {
    Index& number = number_of_text[at(text)];
    if (number < 0) {
      number = static_cast<Index>(texts.size());
      texts.push_back(column.texts().at(text));
    }
    number_of_record.push_back(number);
  }
  return sort_distinct(texts, std::move(number_of_record));
}

/// Keys per rank when ranks own the ranges between splitters; splitters come from samples at equal distances over all
/// keys.
template <class Key>
std::vector<Index> count_by_owner(const Communicator& comm, const std::vector<Key>& keys) {
  const Index ranks = comm.size();
  const Index total = comm.sum(static_cast<Index>(keys.size()));
  const Index wanted = ranks * std::max(least_samples, std::min<Index>(ranks, 512));
  const Index distance = std::max<Index>(1, total / wanted);
  std::vector<Key> samples;
  for (Index i = distance / 2; i < static_cast<Index>(keys.size()); i += distance) samples.push_back(keys[at(i)]);
  ReceivedKeys<Key> all = gather_keys(comm, std::span<const Key>(samples));
  std::sort(all.keys.begin(), all.keys.end());

  std::vector<Index> counts(at(ranks), 0);
  auto begin = keys.begin();
  for (Index rank = 0; rank + 1 < ranks; ++rank) {
    if (all.keys.empty()) break;
    const Key& splitter = all.keys[at(static_cast<Index>(all.keys.size()) * (rank + 1) / ranks)];
    const auto end = std::lower_bound(begin, keys.end(), splitter);
    counts[at(rank)] = end - begin;
    begin = end;
  }
  counts.back() = keys.end() - begin;
  return counts;
}

template <class Key>
IdDictionary build(const Communicator& comm, DistinctKeys<Key> distinct) {
  // 1. Every distinct key to its owner, in ascending order.
  const std::vector<Index> sent = count_by_owner(comm, distinct.keys);
  const ReceivedKeys<Key> received = exchange_keys(comm, std::span<const Key>(distinct.keys), sent);

  // 2. The owner merges what the ranks sent; its keys follow those of the ranks before it.
  std::vector<Key> owned = received.keys;
  std::sort(owned.begin(), owned.end());
  owned.erase(std::unique(owned.begin(), owned.end()), owned.end());
  const auto count = static_cast<Index>(owned.size());
  IdDictionary dictionary;
  const Index begin = comm.exclusive_sum(count);
  dictionary.rows.rows = {begin, begin + count};
  dictionary.rows.total_rows = comm.sum(count);
  using Stored = std::conditional_t<std::is_same_v<Key, std::int64_t>, std::int64_t, std::string>;
  dictionary.rows.ids = std::vector<Stored>(owned.begin(), owned.end());

  // 3. Each key is answered with its global index. Every sender's keys ascend, so one sweep over the owned keys finds
  // them.
  std::vector<Index> answers;
  answers.reserve(received.keys.size());
  auto key = received.keys.begin();
  for (const Index from_rank : received.counts) {
    auto place = owned.begin();
    for (Index i = 0; i < from_rank; ++i, ++key) {
      place = std::lower_bound(place, owned.end(), *key);
      answers.push_back(begin + (place - owned.begin()));
    }
  }
  const Exchanged<Index> global = comm.exchange(std::span<const Index>(answers), received.counts);
  dictionary.index = std::move(distinct.place_of_record);
  for (Index& place : dictionary.index) place = global.values[at(place)];
  return dictionary;
}
}  // namespace

IdDictionary build_id_dictionary(const Communicator& comm, const IdColumn& column) {
  return column.are_integers() ? build(comm, distinct_integers(column)) : build(comm, distinct_texts(column));
}

}  // namespace rankwise
