#include "distributed/rows/id_matching.hpp"

#include <algorithm>
#include <string>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "distributed/comm/key_exchange.hpp"

namespace rankwise {

namespace {

using Texts = std::vector<std::string>;

/// The ids themselves if they are texts, else `made` of them.
const Texts& as_texts(const Ids& ids, Texts& made) {
  if (const auto* const texts = std::get_if<Texts>(&ids)) return *texts;
  made.reserve(static_cast<std::size_t>(id_count(ids)));
  for (Index i = 0; i < id_count(ids); ++i) made.push_back(id_text(ids, i));
  return made;
}

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
  using Integers = std::vector<std::int64_t>;
  const auto is_text = [&](const IdRows& rows) {  // a rank without ids has no say
    return comm.max(Index{id_count(rows.ids) > 0 && std::holds_alternative<Texts>(rows.ids) ? 1 : 0}) > 0;
  };
  const bool wanted_text = is_text(wanted);  // both ask all ranks
  const bool known_text = is_text(known);
  if (wanted_text || known_text) {
    Texts made_wanted;
    Texts made_known;
    return find_rows<std::string_view>(comm, as_texts(wanted.ids, made_wanted), as_texts(known.ids, made_known),
                                       known.rows.begin);
  }
  const Integers none;
  const auto* const wanted_ids = std::get_if<Integers>(&wanted.ids);
  const auto* const known_ids = std::get_if<Integers>(&known.ids);
  return find_rows<std::int64_t>(comm, wanted_ids != nullptr ? *wanted_ids : none,
                                 known_ids != nullptr ? *known_ids : none, known.rows.begin);
}

}  // namespace rankwise
