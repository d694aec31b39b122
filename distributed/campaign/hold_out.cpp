#include "distributed/campaign/hold_out.hpp"

#include <optional>

#include "distributed/campaign/key_cut.hpp"
#include "distributed/threads/team_size.hpp"
#include "kernels/keyed_hash/keyed_draw.hpp"

namespace rankwise {

namespace {

__extension__ using Wide = unsigned __int128;

/// Of a keyed hash of a short text, in multiplications.
constexpr double operations_per_draw = 2000;

}  // namespace

std::vector<std::uint64_t> keyed_draws(std::string_view key, std::string_view purpose, const Ids& ids) {
  const Index count = id_count(ids);
  std::vector<std::uint64_t> draws(static_cast<std::size_t>(count));
  const int threads = team_size(static_cast<double>(count) * operations_per_draw);
  std::vector<KeyedDraw> of_thread;
  for (int t = 0; t < threads; ++t) of_thread.emplace_back(key, purpose);
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int t = 0; t < threads; ++t) {
    for (Index i = count * t / threads; i < count * (t + 1) / threads; ++i)
      draws[static_cast<std::size_t>(i)] = of_thread[static_cast<std::size_t>(t)].of(id_text(ids, i));
  }
  return draws;
}

bool is_below_share(std::uint64_t draw, std::int64_t share_millionths) {
  return static_cast<Wide>(draw) * millionths < static_cast<Wide>(share_millionths) << 64;
}

std::vector<std::int32_t> first_of_strata(const Communicator& comm, std::span<const std::uint64_t> draws,
                                          std::span<const std::int32_t> strata, Index stratum_count,
                                          std::span<const std::int32_t> eligible, std::int64_t share_millionths) {
  std::vector<KeyedEntry> entries;
  std::vector<std::int64_t> limits(static_cast<std::size_t>(stratum_count), 0);
  for (std::size_t c = 0; c < draws.size(); ++c) {
    if (eligible[c] == 0) continue;
    entries.push_back({.group = strata[c], .key = ~draws[c]});
    ++limits[static_cast<std::size_t>(strata[c])];
  }
  comm.all_reduce_sum(std::span(limits));
  for (std::int64_t& limit : limits)
    limit = static_cast<std::int64_t>(static_cast<Wide>(limit) * static_cast<Wide>(share_millionths) / millionths);
  const std::vector<KeyCut> cuts = cut_keys(comm, entries, limits);
  std::vector<std::int32_t> first(draws.size(), 0);
  for (std::size_t c = 0; c < draws.size(); ++c) {
    if (eligible[c] != 0 && fits(cuts[static_cast<std::size_t>(strata[c])], ~draws[c])) first[c] = 1;
  }
  return first;
}

std::vector<std::int32_t> value_quarters(const Communicator& comm, std::span<const std::int64_t> values) {
  constexpr std::int32_t quarters = 4;
  const Index count = comm.sum(std::ssize(values));
  std::vector<KeyedEntry> entries;
  entries.reserve(values.size());
  for (const std::int64_t value : values)
    entries.push_back({.group = 0, .key = static_cast<std::uint64_t>(value) ^ (std::uint64_t{1} << 63)});
  std::vector<std::int32_t> quarter_of(values.size(), 0);
  for (std::int32_t quarter = 1; quarter < quarters; ++quarter) {
    const std::vector<std::int64_t> limit{count * (quarters - quarter) / quarters};
    const KeyCut cut = cut_keys(comm, entries, limit).front();
    for (std::size_t c = 0; c < values.size(); ++c) {
      if (fits(cut, entries[c].key)) quarter_of[c] = quarter;
    }
  }
  return quarter_of;
}

}  // namespace rankwise
