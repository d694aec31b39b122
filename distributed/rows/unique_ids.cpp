#include "distributed/rows/unique_ids.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <span>
#include <tuple>
#include <utility>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "distributed/comm/key_exchange.hpp"
#include "kernels/base/error.hpp"
#include "kernels/text/utf8.hpp"

namespace rankwise {

UniqueIds::UniqueIds(const Communicator& comm, std::vector<std::string> tables)
    : comm_(&comm), tables_(std::move(tables)) {}

void UniqueIds::add(std::size_t table, Index row, const void* bytes, std::size_t size) {
  const XXH128_hash_t hash = XXH3_128bits(bytes, size);
  places_.push_back({hash.high64, hash.low64, static_cast<Index>(table), row});
}

void UniqueIds::add(std::size_t table, const IdRows& ids) {
  Index row = ids.rows.begin;
  if (const auto* texts = std::get_if<std::vector<std::string>>(&ids.ids)) {
    for (const std::string& id : *texts) {
      if (!is_utf8(id)) {
        throw Error(ExitCode::bad_data, fmt::format("{}: the id of row {} is not UTF-8", tables_[table], row));
      }
      add(table, row++, id.data(), id.size());
    }
    return;
  }
  for (const std::int64_t id : std::get<std::vector<std::int64_t>>(ids.ids)) add(table, row++, &id, sizeof id);
}

void UniqueIds::require_unique() const {
  // 1. Equal ids to one rank.
  const auto ranks = static_cast<std::uint64_t>(comm_->size());
  std::vector<Index> counts;
  const std::vector<Place> sorted = sorted_by_owner(
      std::span<const Place>(places_), comm_->size(),
      [ranks](const Place& place) { return static_cast<int>(place.high % ranks); }, counts);
  std::vector<Place> mine = comm_->exchange(std::span<const Place>(sorted), counts).values;
  const auto in_order = [](const Place& place) { return std::tie(place.high, place.low, place.table, place.row); };
  std::ranges::sort(mine, {}, in_order);

  // 2. The first row that repeats one, of all ranks.
  struct Twice {
    Index table = 0;
    Index row = 0;
    Index earlier_table = 0;
    Index earlier_row = 0;
  };
  const auto order_of = [](const Twice& twice) { return std::tie(twice.table, twice.row); };
  std::optional<Twice> first;
  for (std::size_t p = 1; p < mine.size(); ++p) {
    const Place& before = mine[p - 1];
    const Place& place = mine[p];
    if (place.high != before.high || place.low != before.low) continue;
    const Twice twice{place.table, place.row, before.table, before.row};
    if (!first || order_of(twice) < order_of(*first)) first = twice;
  }
  const std::vector<Twice> own(first ? 1 : 0, first.value_or(Twice()));
  const std::vector<Twice> all = comm_->all_gather_varied(std::span<const Twice>(own)).values;
  if (all.empty()) return;
  const Twice& twice = *std::ranges::min_element(all, {}, order_of);
  throw AgreedError(
      ExitCode::bad_data,
      fmt::format("{}: row {} has the same id as row {} of {}", tables_[static_cast<std::size_t>(twice.table)],
                  twice.row, twice.earlier_row, tables_[static_cast<std::size_t>(twice.earlier_table)]));
}

}  // namespace rankwise
