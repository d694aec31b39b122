#include "jobs/kmeans/known_rows.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>

#include "distributed/rows/id_matching.hpp"
#include "distributed/rows/partition.hpp"
#include "distributed/rows/values_at_rows.hpp"

namespace rankwise {

namespace {

IdRows as_texts(const IdRows& ids) {
  std::vector<std::string> texts;
  texts.reserve(static_cast<std::size_t>(ids.rows.size()));
  for (Index r = 0; r < ids.rows.size(); ++r) texts.push_back(id_text(ids.ids, r));
  return {ids.rows, ids.total_rows, std::move(texts)};
}

/// Why rows cannot be counted; empty where they can.
std::string why_not(const std::optional<RowOrigin>& earlier, const RowOrigin& now) {
  if (!earlier) return "it does not say whose rows it has";
  if (!earlier->has_ids || !now.has_ids) return "rows without ids cannot be matched";
  return earlier->side != now.side ? "one has users and the other has items" : "";
}

}  // namespace

KnownRows count_known_rows(const Communicator& comm, const ClusteringReader& earlier, const Clustering& now) {
  const Partition owners = Partition::by_count(earlier.rows(), comm.size());
  const ClusteredRows before = earlier.clustered_rows(owners.range(comm.rank()));
  const bool same_kind = before.ids.ids.index() == now.ids.ids.index();
  const std::vector<Index> found = same_kind ? find_rows_by_id(comm, now.ids, before.ids)
                                             : find_rows_by_id(comm, as_texts(now.ids), as_texts(before.ids));
  std::vector<Index> rows;
  std::vector<std::int32_t> clusters;
  for (std::size_t r = 0; r < found.size(); ++r) {
    if (found[r] < 0 || now.assignments[r] == no_cluster) continue;
    rows.push_back(found[r]);
    clusters.push_back(now.assignments[r]);
  }
  const std::vector<std::int32_t> clusters_before =
      values_at_rows<std::int32_t>(comm, rows, before.ids.rows, before.assignments, no_cluster);
  KnownRows counts;
  for (std::size_t r = 0; r < clusters.size(); ++r) {
    if (clusters_before[r] == no_cluster) continue;
    ++counts.known;
    if (clusters_before[r] == clusters[r]) ++counts.kept;
  }
  return {comm.sum(counts.known), comm.sum(counts.kept)};
}

void tell_known_rows(JobContext& context, const std::string& path, const Clustering& now) {
  const ClusteringReader earlier(context.comm, path, context.common.input_check);
  if (const std::string reason = why_not(earlier.origin(), now.origin); !reason.empty()) {
    context.report.line(fmt::format("rows that keep their cluster of {} are not counted: {}", path, reason));
    return;
  }
  const KnownRows counts = count_known_rows(context.comm, earlier, now);
  const Index in_clusters = std::accumulate(now.sizes.begin(), now.sizes.end(), Index{0});
  const Index moved = counts.known - counts.kept;
  const Index added = in_clusters - counts.known;
  std::string text = fmt::format("{} of {} rows have a cluster in {} too", counts.known, in_clusters, path);
  if (counts.known > 0) {
    text += fmt::format(": {} keep it ({:.2f}%), {} change it", counts.kept,
                        100.0 * static_cast<double>(counts.kept) / static_cast<double>(counts.known), moved);
  }
  context.report.line(text);
  context.report.event("known_rows",
                       {{"known", counts.known}, {"kept", counts.kept}, {"moved", moved}, {"new", added}});
}

}  // namespace rankwise
