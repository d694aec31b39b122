#pragma once
// The largest keys of each group whose weights fit into a limit, whichever ranks have them.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

struct KeyedEntry {
  std::int32_t group = 0;
  std::uint64_t key = 0;
  std::int64_t weight = 1;  ///< at least 0
};

/// The least key that fits; nothing: none does.
using KeyCut = std::optional<std::uint64_t>;

[[nodiscard]] inline bool fits(const KeyCut& cut, std::uint64_t key) {
  return cut && key >= *cut;
}

/// Of each group, the least key so that the weights of all entries with this key or a larger one sum to at most the
/// group's limit. Entries with equal keys fit all or none. `limits` are the same on every rank, at least 0, and so is
/// the result, which depends on neither the order of entries nor the ranks that have them. Sums of weights must be
/// below 2^62. Eight passes over the entries, each with a reduction of 256 numbers a group. Collective over comm.
[[nodiscard]] std::vector<KeyCut> cut_keys(const Communicator& comm, std::span<const KeyedEntry> entries,
                                           std::span<const std::int64_t> limits);

}  // namespace rankwise
