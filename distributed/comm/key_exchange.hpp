#pragma once
// Moves sorted keys, integers or texts, between ranks.

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "distributed/comm/communicator.hpp"

namespace rankwise {

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

}  // namespace rankwise
