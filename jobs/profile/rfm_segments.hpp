#pragma once
// Names for combinations of RFM classes.

#include <optional>
#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Classes from `first` to `last`.
struct ClassRange {
  int first = 1;
  int last = 5;

  [[nodiscard]] bool contains(int place) const { return first <= place && place <= last; }
};

/// The first rule that fits names a customer.
struct SegmentRule {
  std::string name;
  ClassRange recency;
  ClassRange frequency;
  ClassRange money;
};

/// Champions, loyal, at risk, ...: each combination has a name.
[[nodiscard]] std::vector<SegmentRule> usual_segments();

/// Lines `NAME,R,F,M` of a file, with classes as in 4, 4-5 or *; empty lines and those that begin with # do not count.
/// The root reads. Collective over comm; throws AgreedError (no_input; bad_data with the line).
[[nodiscard]] std::vector<SegmentRule> read_segments(const Communicator& comm, const std::string& path);

/// The place of the first rule that fits; nothing if none does.
[[nodiscard]] std::optional<std::size_t> segment_of(const std::vector<SegmentRule>& rules, int recency, int frequency,
                                                    int money);

}  // namespace rankwise
