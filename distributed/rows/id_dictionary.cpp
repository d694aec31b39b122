#include "distributed/rows/id_dictionary.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <string>
#include <string_view>
#include <type_traits>

#include "distributed/comm/key_exchange.hpp"

namespace rankwise {

namespace {
constexpr Index least_samples = 64;  // per rank: parts differ by a few percent

/// Distinct keys of the local records in ascending order, and the number that each has in its column.
template <class Key>
struct DistinctKeys {
  std::vector<Key> keys;
  std::vector<std::int32_t> numbers;
};

/// Which ids a record still refers to: rows may have been dropped since they were read.
std::vector<char> referred(const IdColumn& column, Index distinct) {
  std::vector<char> is_referred(at(distinct), 0);
  for (const std::int32_t number : column.numbers()) is_referred[at(number)] = 1;
  return is_referred;
}

/// `key_of(number)` for the ids of `distinct` numbers that records refer to.
template <class Key, class KeyOf>
DistinctKeys<Key> distinct_keys(const IdColumn& column, Index distinct, const KeyOf& key_of) {
  struct Numbered {
    Key key;
    std::int32_t number;
  };
  const std::vector<char> is_referred = referred(column, distinct);
  std::vector<Numbered> sorted;
  sorted.reserve(is_referred.size());
  for (std::int32_t number = 0; number < distinct; ++number) {
    if (is_referred[at(number)] != 0) sorted.push_back({key_of(number), number});
  }
  std::ranges::sort(sorted, {}, &Numbered::key);
  DistinctKeys<Key> keys;
  keys.keys.reserve(sorted.size());
  keys.numbers.reserve(sorted.size());
  for (const Numbered& one : sorted) {
    keys.keys.push_back(one.key);
    keys.numbers.push_back(one.number);
  }
  return keys;
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

void require_numbers(const Communicator& comm, Index total_ids) {
  agree_on(comm, [&] {
    if (total_ids <= most_distinct_ids) return;
    throw Error(ExitCode::bad_data,
                fmt::format("{} distinct ids of one kind; at most {} are taken", total_ids, most_distinct_ids));
  });
}

/// `distinct` are those of `column`.
template <class Key>
IdDictionary build(const Communicator& comm, const DistinctKeys<Key>& distinct, IdColumn& column) {
  // 1. Every distinct key to its owner, in ascending order.
  const std::vector<Index> sent = count_by_owner(comm, distinct.keys);
  const ReceivedKeys<Key> received = exchange_keys(comm, std::span<const Key>(distinct.keys), sent);

  // 2. The owner merges what the ranks sent; its keys follow those of the ranks before it.
  std::vector<Key> owned = received.keys;  // ascending already if there is one rank alone
  std::sort(owned.begin(), owned.end());
  owned.erase(std::unique(owned.begin(), owned.end()), owned.end());
  const auto count = static_cast<Index>(owned.size());
  IdDictionary dictionary;
  const Index begin = comm.exclusive_sum(count);
  dictionary.rows.rows = {begin, begin + count};
  dictionary.rows.total_rows = comm.sum(count);
  require_numbers(comm, dictionary.rows.total_rows);
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
  std::vector<std::int32_t> index_of_number(at(std::max(column.integers().size(), column.texts().size())), 0);
  for (std::size_t i = 0; i < distinct.numbers.size(); ++i) {
    index_of_number[at(distinct.numbers[i])] = static_cast<std::int32_t>(global.values[i]);
  }
  dictionary.index = column.take_numbers();
  for (std::int32_t& number : dictionary.index) number = index_of_number[at(number)];
  return dictionary;
}
}  // namespace

IdDictionary build_id_dictionary(const Communicator& comm, IdColumn column) {
  if (column.are_integers()) {
    const IntegerTable& ids = column.integers();
    return build(comm, distinct_keys<std::int64_t>(column, ids.size(), [&](Index n) { return ids.keys()[at(n)]; }),
                 column);
  }
  const StringTable& ids = column.texts();
  return build(comm, distinct_keys<std::string_view>(column, ids.size(), [&](Index n) { return ids.at(n); }), column);
}

}  // namespace rankwise
