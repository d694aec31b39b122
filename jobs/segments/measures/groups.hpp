#pragma once
// Segments as they may be printed: those of too few customers are one group together.

#include <cstdint>
#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "jobs/segments/measures/division.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

enum class GroupKind {
  segment,
  no_segment,  ///< customers that the division does not know, or has in no segment
  pool         ///< segments that are too small, and so many more that it is large enough
};

struct Group {
  GroupKind kind = GroupKind::segment;
  std::string key;   ///< of a segment
  std::string name;  ///< for people
  Index customers = 0;
};

/// All customers, each in one group; every group has at least as many as may be printed.
struct Groups {
  std::vector<Group> list;
  std::vector<std::int32_t> of_row;  ///< of this rank's customers
  Index customers = 0;
  Index pooled = 0;  ///< segments in the pool
  Index in_no_segment = 0;
  bool pools_no_segment = false;  ///< customers in no segment are in the pool
  Index empty = 0;                ///< segments of nobody

  [[nodiscard]] Index count() const { return std::ssize(list); }
};

/// "12 customers"; of fewer than `least`: "fewer than 10 customers". For messages, which say no smaller number either.
[[nodiscard]] std::string shown_customers(Index customers, Index least);

/// `segments`: of this rank's customers, places in the division's keys, or -1. The least segments come together until
/// they have `least` customers, ties to the lower number. Groups are in the order of the keys, then no_segment, then
/// the pool. Collective over comm; throws AgreedError(bad_data) if there are fewer than `least` customers; `path` is
/// their file.
[[nodiscard]] Groups form_groups(const Communicator& comm, const Division& division,
                                 const std::vector<std::int32_t>& segments, Index least, const std::string& path);

}  // namespace rankwise
