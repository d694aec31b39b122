#pragma once
// Metrics whose content is a pure function of global row numbers, cut over any ranks.

#include <limits>

#include "io/evaluation/user_metrics.hpp"
#include "tests/io/sample_files.hpp"

namespace rankwise {

/// Users 3, 10, 17, ... have no recall.
inline UserMetrics sample_user_metrics(const Communicator& comm, Index users, SampleIds kind) {
  UserMetrics metrics{.ids = sample_ids(sample_range(comm, users), users, kind, "user "),
                      .metrics = {{.name = "recall@20", .definition = "hits / min(k, targets)", .values = {}},
                                  {.name = "auc", .definition = "größer", .values = {}}},
                      .model_digest = 0xfedcba9876543210};
  for (Index u = metrics.ids.rows.begin; u < metrics.ids.rows.end; ++u) {
    const bool has_recall = u % 7 != 3;
    metrics.metrics[0].values.push_back(has_recall ? static_cast<double>(u % 20) / 20
                                                   : -std::numeric_limits<double>::quiet_NaN());
    metrics.metrics[1].values.push_back(1.0 / static_cast<double>(u + 1));
  }
  return metrics;
}

}  // namespace rankwise
