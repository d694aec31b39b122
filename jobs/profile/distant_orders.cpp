#include "jobs/profile/distant_orders.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <limits>

#include "distributed/profiles/log_span.hpp"
#include "kernels/text/counted.hpp"
#include "kernels/text/utc_text.hpp"

namespace rankwise {

void warn_of_distant_orders(const JobContext& context, const std::string& data,
                            std::span<const std::int64_t> times_seconds) {
  const Communicator& comm = context.comm;
  std::int64_t first = std::numeric_limits<std::int64_t>::max();
  std::int64_t last = std::numeric_limits<std::int64_t>::min();
  for (const std::int64_t time : times_seconds) {
    first = std::min(first, time);
    last = std::max(last, time);
  }
  if (comm.sum(std::ssize(times_seconds)) == 0) return;
  const LogSpan span = log_span(comm, times_seconds, comm.min(first), comm.max(last));
  if (span.orders_apart == 0) return;
  context.report.warning(fmt::format(
      "{}: {} {} far from all others in time ({} to {} UTC), as by a wrong date, and {} counts: prepare --since and "
      "--until leave such rows out",
      data, counted(span.orders_apart, "order"), verb(span.orders_apart, "lies", "lie"), utc_text(span.begin_seconds),
      utc_text(span.end_seconds), verb(span.orders_apart, "it", "each")));
  context.report.event("distant_orders", {{"orders", span.orders_apart}});
}

}  // namespace rankwise
