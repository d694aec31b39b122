#include "jobs/evaluate/models/heldout_users.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace rankwise {

void require_heldout_part(const DatasetReader& dataset, const std::string& data_path) {
  if (dataset.has(DatasetPart::heldout) && dataset.entries(DatasetPart::heldout) > 0) return;
  throw AgreedError(ExitCode::bad_data,
                    fmt::format("{}: nothing is held out, so there is nothing to measure; run prepare with --split, "
                                "or with a larger one",
                                data_path));
}

void require_amounts(const Communicator& comm, const HeldoutRows& rows, std::span<const EvaluationMetric> metrics) {
  const auto metric = std::ranges::find(metrics, MetricKind::revenue, &EvaluationMetric::kind);
  if (metric == metrics.end()) return;
  agree_on(comm, [&] {
    const auto value = std::ranges::find_if(rows.heldout.values, [](float each) { return each < 0; });
    if (value == rows.heldout.values.end()) return;
    throw Error(ExitCode::bad_data,
                fmt::format("{}: a held-out value is {}; expected none below 0", metric->name, *value));
  });
}

Partition heldout_partition(const Communicator& comm, const DatasetReader& dataset) {
  return Partition::by_count(dataset.rows(DatasetPart::heldout), comm.size());
}

HeldoutRows read_heldout_rows(const Communicator& comm, const DatasetReader& dataset, const Partition& partition) {
  const RowRange mine = partition.range(comm.rank());
  const bool are_new = dataset.has(DatasetPart::given);
  return {partition, dataset.read(DatasetPart::heldout, mine),
          are_new ? dataset.read(DatasetPart::given, mine) : dataset.read_known(mine)};
}

}  // namespace rankwise
