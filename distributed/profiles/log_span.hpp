#pragma once
// From when to when a log has what customers bought, whatever a few rows with wrong dates say.

#include <cstdint>
#include <span>

#include "distributed/comm/communicator.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

struct LogSpan {
  std::int64_t begin_seconds = 0;
  std::int64_t end_seconds = 0;
  Index orders_apart = 0;  ///< that lie far before or after all others, and do not count for begin and end

  /// Whether less than a day is missing until a time in microseconds: a log ends with the last purchase of its last
  /// day.
  [[nodiscard]] bool reaches(std::int64_t microseconds) const;
  /// Likewise whether the log begins less than a day after it, or before.
  [[nodiscard]] bool begins_by(std::int64_t microseconds) const;
};

/// `times_seconds`: of this rank's orders; `first_seconds` and `last_seconds`: of all rows of the log, as its dataset
/// has them. Of n orders the k = max(3, n / 1000), at most n / 10 and 1000, earliest and latest are doubted. They do
/// not count if they are further from the others than a day and than the share max(1 / 10, 10 / n) of the time that the
/// others take. Without orders apart the span is first to last. The same on any number of ranks. Collective over comm.
[[nodiscard]] LogSpan log_span(const Communicator& comm, std::span<const std::int64_t> times_seconds,
                               std::int64_t first_seconds, std::int64_t last_seconds);

}  // namespace rankwise
