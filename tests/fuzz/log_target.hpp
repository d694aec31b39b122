#pragma once
// Reads an input as an interaction log from its beginning to its end.

#include "io/log/reader.hpp"
#include "tests/fuzz/harness.hpp"

namespace rankwise::fuzz {

inline void read_whole_log(const std::string& path, const LogOptions& options) {
  read_or_refuse([&] {
    const LogPlan plan = plan_log(single_rank(), {path}, options);
    const InteractionLog log = read_log(single_rank(), plan, 1);
    const auto rows = static_cast<std::size_t>(log.size());
    require(log.values.size() == rows && (!log.timed || log.times_microseconds.size() == rows) &&
                (!log.folded || log.folds.size() == rows) &&
                (!log.ordered || static_cast<std::size_t>(log.orders.size()) == rows),
            "columns of a log are of one length");
    for (const double value : log.values) require(value - value == 0, "values of a log are finite");
  });
}

}  // namespace rankwise::fuzz
