#include "jobs/segments/cohesion/cohesion.hpp"

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <utility>

#include "distributed/kmeans/cluster_quality.hpp"
#include "distributed/kmeans/cluster_stability.hpp"
#include "distributed/rows/id_matching.hpp"
#include "distributed/rows/values_at_rows.hpp"
#include "distributed/segments/code_counts.hpp"
#include "distributed/segments/group_sums.hpp"
#include "jobs/segments/cohesion/clustered_points.hpp"
#include "kernels/statistics/suppression.hpp"

namespace rankwise {

namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

/// Silhouettes of this rank's customers; NaN: none.
struct CustomerSilhouettes {
  std::vector<double> simplified;
  std::vector<double> exact;
};

CustomerSilhouettes silhouettes_of(const Communicator& comm, const ClusteredPoints& clustered, const Division& division,
                                   const IdRows& ids) {
  const PointSet& set = clustered.set;
  RowSilhouettes rows = row_silhouettes(comm, set.points, clustered.assignments, clustered.clusters);
  if (comm.max(std::ssize(rows.exact)) == 0) {  // one cluster with rows, or each row is one
    rows.simplified.assign(clustered.assignments.size(), unknown);
    rows.exact = rows.simplified;
  }
  const std::vector<Index> places = find_rows_by_id(comm, ids, division.ids);
  const auto of_customers = [&](std::vector<double> of_points) {
    const std::vector<double> of_rows = at_ids(set, std::move(of_points), unknown);
    return values_at_rows<double>(comm, places, division.ids.rows, of_rows, unknown);
  };
  return {of_customers(std::move(rows.simplified)), of_customers(std::move(rows.exact))};
}

/// Of each group, then of all, the mean of the values that are known, of `least` at least.
std::vector<std::optional<double>> means_of(const Communicator& comm, const std::vector<double>& values,
                                            const Groups& groups, Index least) {
  std::vector<std::int32_t> known = groups.of_row;
  for (std::size_t row = 0; row < values.size(); ++row) known[row] = std::isnan(values[row]) ? -1 : known[row];
  const std::vector<Index> counts = count_by_group(comm, known, groups.count());
  const GroupSums sums = sum_by_group(comm, scale_of(comm, values), values, groups.of_row, groups.count());
  std::vector<std::optional<double>> means;
  const auto add = [&](std::int64_t sum, Index count) {
    const bool is_shown = count >= least;
    means.push_back(is_shown ? std::optional(sums.scale.from_fixed(sum) / static_cast<double>(count)) : std::nullopt);
  };
  std::int64_t all_sum = 0;
  Index all_count = 0;
  for (std::size_t group = 0; group < counts.size(); ++group) {
    add(sums.sums[group], counts[group]);
    all_sum += sums.sums[group];
    all_count += counts[group];
  }
  add(all_sum, all_count);
  return means;
}

/// Of each group, then of all, its doubtful customers. Who is doubtful, who is not and who has no silhouette are a
/// table with the groups' sizes, which are printed.
std::vector<std::optional<Index>> doubtful_customers(const Communicator& comm, const std::vector<double>& simplified,
                                                     const Groups& groups, Index least) {
  std::vector<std::int32_t> states;
  for (const double value : simplified) states.push_back(std::isnan(value) ? 2 : value < doubtful_silhouette ? 0 : 1);
  const std::size_t count = groups.list.size();
  std::vector<TableCell> cells =
      table_with_totals(count_codes(comm, states, groups.of_row, groups.count(), 3), 3, count);
  hide_small_counts(cells, least);
  for (std::size_t group = 0; group <= count; ++group) {
    TableCell& without = cells[2 * (count + 1) + group];  // is never printed
    if (is_printed(without.state)) without.state = Disclosure::complement;
    cells[3 * (count + 1) + group].state = Disclosure::published;
  }
  const bool is_safe = hide_complements(cells) == 0;
  std::vector<std::optional<Index>> doubtful;
  for (std::size_t group = 0; group <= count; ++group) {
    const bool is_shown = is_safe && is_printed(cells[group].state);
    doubtful.push_back(is_shown ? std::optional(cells[group].value) : std::nullopt);
  }
  return doubtful;
}

}  // namespace

Cohesion measure_cohesion(const JobContext& context, const CohesionSettings& settings, const Division& division,
                          const IdRows& ids, const Groups& groups, Index least) {
  // 1. Silhouettes of customers, and the stability of clusters.
  const Communicator& comm = context.comm;
  const ClusteredPoints clustered = read_clustered_points(context, settings.clustering, settings.points);
  const CustomerSilhouettes silhouettes = silhouettes_of(comm, clustered, division, ids);
  KMeansOptions options;
  options.metric = clustered.metric;
  const std::vector<double> stability =
      bootstrap_stability(comm, clustered.set.points, clustered.assignments, clustered.clusters,
                          {settings.replicates, context.common.seed}, options);

  // 2. What may be printed of them.
  const std::vector<std::optional<double>> simplified = means_of(comm, silhouettes.simplified, groups, least);
  const std::vector<std::optional<double>> exact = means_of(comm, silhouettes.exact, groups, least);
  const std::vector<std::optional<Index>> doubtful = doubtful_customers(comm, silhouettes.simplified, groups, least);
  Cohesion cohesion{std::filesystem::path(settings.points).filename().string(), settings.replicates, {}};
  for (std::size_t group = 0; group <= groups.list.size(); ++group) {
    GroupCohesion& of =
        cohesion.of_group.emplace_back(GroupCohesion{exact[group], simplified[group], doubtful[group], std::nullopt});
    if (group == groups.list.size() || groups.list[group].kind != GroupKind::segment) continue;
    const double found = stability[static_cast<std::size_t>(std::stol(groups.list[group].key))];
    if (!std::isnan(found)) of.stability = found;
  }
  return cohesion;
}

}  // namespace rankwise
