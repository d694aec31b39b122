#pragma once
// Moves sorted keys, integers or texts, between ranks; and sorts records by the rank that they go to.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "distributed/comm/communicator.hpp"

namespace rankwise {

/// Values per destination rank from records in any order: a stable counting sort. `owner(record)` is a rank.
template <class Record, class Owner>
std::vector<Record> sorted_by_owner(std::span<const Record> records, int ranks, Owner&& owner,
                                    std::vector<Index>& counts) {
  counts.assign(static_cast<std::size_t>(ranks), 0);
  std::vector<std::int32_t> owners;
  owners.reserve(records.size());
  for (const Record& record : records) {
    const int rank = owner(record);
    owners.push_back(rank);
    ++counts[static_cast<std::size_t>(rank)];
  }
  std::vector<Index> next(counts.size(), 0);
  for (std::size_t rank = 1; rank < counts.size(); ++rank) next[rank] = next[rank - 1] + counts[rank - 1];
  std::vector<Record> sorted(records.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    sorted[static_cast<std::size_t>(next[static_cast<std::size_t>(owners[i])]++)] = records[i];
  }
  return sorted;
}

/// Keys from all ranks in rank order, and how many came from each. Texts are views into `bytes`: move it, never copy
/// it.
template <class Key>
struct ReceivedKeys {
  ReceivedKeys() = default;
  ReceivedKeys(ReceivedKeys&&) noexcept = default;
  ReceivedKeys& operator=(ReceivedKeys&&) noexcept = default;
  std::vector<Key> keys;
  std::vector<Index> counts;
  std::vector<char> bytes;
};

/// `send` holds counts[0] keys for rank 0, then counts[1] for rank 1, ... Texts travel packed: lengths, then bytes.
/// Collective over comm.
[[nodiscard]] ReceivedKeys<std::int64_t> exchange_keys(const Communicator& comm, std::span<const std::int64_t> send,
                                                       std::span<const Index> counts);
[[nodiscard]] ReceivedKeys<std::string_view> exchange_keys(const Communicator& comm,
                                                           std::span<const std::string_view> send,
                                                           std::span<const Index> counts);

/// Every rank's keys on every rank. Collective over comm.
[[nodiscard]] ReceivedKeys<std::int64_t> gather_keys(const Communicator& comm, std::span<const std::int64_t> mine);
[[nodiscard]] ReceivedKeys<std::string_view> gather_keys(const Communicator& comm,
                                                         std::span<const std::string_view> mine);

/// The root's texts on every rank. Collective over comm.
void broadcast_texts(const Communicator& comm, std::vector<std::string>& texts);

}  // namespace rankwise
