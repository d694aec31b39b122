#include "io/id_matching.hpp"

#include <algorithm>
#include <string>
#include <type_traits>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "distributed/interactions.hpp"
#include "io/key_exchange.hpp"

namespace rankwise {

namespace {

std::uint64_t hash_of(std::int64_t id) {
  return XXH3_64bits(&id, sizeof id);
}
std::uint64_t hash_of(std::string_view id) {
  return XXH3_64bits(id.data(), id.size());
}

template <class Key>
struct KeyedRow {
  Key key;
  Index row;
  friend auto operator<=>(const KeyedRow&, const KeyedRow&) = default;
};

/// Keys in the order of the ranks that their hashes name, where each stood, and how many go to each rank.
template <class Key>
struct RoutedKeys {
  std::vector<Key> keys;
  std::vector<Index> rows;
  std::vector<Index> counts;
};

/// Rows are numbered from `first`.
template <class Key, class Stored>
RoutedKeys<Key> route(const std::vector<Stored>& ids, Index first, int ranks) {
  std::vector<KeyedRow<Key>> records;
  records.reserve(ids.size());
  for (const Stored& id : ids) records.push_back({Key(id), first + static_cast<Index>(records.size())});
  const auto owner = [ranks](const KeyedRow<Key>& record) {
    return static_cast<int>(hash_of(record.key) % static_cast<std::uint64_t>(ranks));
  };
  RoutedKeys<Key> routed;
  for (const KeyedRow<Key>& record :
       sorted_by_owner(std::span<const KeyedRow<Key>>(records), ranks, owner, routed.counts)) {
    routed.keys.push_back(record.key);
    routed.rows.push_back(record.row);
  }
  return routed;
}

template <class Key, class Stored>
std::vector<Index> find_rows(const Communicator& comm, const std::vector<Stored>& wanted,
                             const std::vector<Stored>& known, Index first_known) {
  // 1. Known ids, with their rows, to the ranks that their hashes name.
  const RoutedKeys<Key> mine = route<Key>(known, first_known, comm.size());
  const ReceivedKeys<Key> owned = exchange_keys(comm, std::span<const Key>(mine.keys), mine.counts);
  const std::vector<Index> rows = comm.exchange(std::span<const Index>(mine.rows), mine.counts).values;
  std::vector<KeyedRow<Key>> table;
  table.reserve(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) table.push_back({owned.keys[i], rows[i]});
  std::ranges::sort(table);

  // 2. Wanted ids to the same ranks, which answer each with its row.
  const RoutedKeys<Key> questions = route<Key>(wanted, 0, comm.size());
  const ReceivedKeys<Key> asked = exchange_keys(comm, std::span<const Key>(questions.keys), questions.counts);
  std::vector<Index> answers;
  answers.reserve(asked.keys.size());
  for (const Key& key : asked.keys) {
    const auto found = std::ranges::lower_bound(table, key, {}, &KeyedRow<Key>::key);
    answers.push_back(found != table.end() && found->key == key ? found->row : -1);
  }
  const std::vector<Index> answered = comm.exchange(std::span<const Index>(answers), asked.counts).values;
  std::vector<Index> row_of(wanted.size());
  for (std::size_t i = 0; i < answered.size(); ++i) row_of[static_cast<std::size_t>(questions.rows[i])] = answered[i];
  return row_of;
}

}  // namespace

std::vector<Index> find_rows_by_id(const Communicator& comm, const IdRows& wanted, const IdRows& known) {
  return std::visit(
      [&](const auto& ids) {
        using Stored = typename std::decay_t<decltype(ids)>::value_type;
        using Key = std::conditional_t<std::is_same_v<Stored, std::string>, std::string_view, std::int64_t>;
        return find_rows<Key>(comm, ids, std::get<std::vector<Stored>>(known.ids), known.rows.begin);
      },
      wanted.ids);
}

}  // namespace rankwise
