#include "jobs/kmeans/cluster_table.hpp"

#include <cmath>
#include <fmt/format.h>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>

#include "io/config/json_text.hpp"
#include "jobs/run/standard_output.hpp"

namespace rankwise {

namespace {

constexpr double least_stability = 0.8;

/// Place of the first row with the highest value among those that `admits` takes; NaN counts as lowest.
std::size_t best_by(const std::vector<ClusterTableRow>& rows,
                    const std::function<double(const ClusterTableRow&)>& value,
                    const std::function<bool(const ClusterTableRow&)>& admits) {
  std::size_t best = rows.size();
  for (std::size_t r = 0; r < rows.size(); ++r) {
    if (!admits(rows[r])) continue;
    if (best == rows.size() || value(rows[r]) > value(rows[best]) ||
        (std::isnan(value(rows[best])) && !std::isnan(value(rows[r])))) {
      best = r;
    }
  }
  return best;
}

double silhouette_of(const ClusterTableRow& row) {
  return row.quality.silhouette;
}

bool is_stable(const ClusterTableRow& row) {
  return row.stability >= least_stability;
}

bool has_stability(const ClusterTableRow& row) {
  return !std::isnan(row.stability);
}

/// Why this row is the recommended one.
std::string reason_for(const ClusterTableRow& row) {
  if (is_stable(row)) {
    return fmt::format("the highest silhouette of those with a stability of at least {}", least_stability);
  }
  return has_stability(row) ? fmt::format("the highest stability; none reaches {}", least_stability)
                            : "the highest silhouette";
}

/// Why some fields of the table are dashes; a line each.
std::string dash_reasons(const std::vector<ClusterTableRow>& rows, const std::string& no_stability) {
  const auto any = [&rows](const auto& is_so) { return std::ranges::any_of(rows, is_so); };
  std::string text;
  if (any([](const ClusterTableRow& row) { return std::isnan(row.quality.simplified_silhouette); })) {
    text += "-: indices need at least two clusters with rows, and fewer of these than rows\n";
  }
  if (any([](const ClusterTableRow& row) { return std::isinf(row.quality.davies_bouldin); })) {
    text += "-: no davies-bouldin: two clusters have the same mean\n";
  }
  if (any([](const ClusterTableRow& row) { return std::isnan(row.stability); })) {
    text += fmt::format("-: no stability: {}\n", no_stability);
  }
  return text;
}

}  // namespace

std::string index_text(double value) {
  return std::isfinite(value) ? fmt::format("{:.4f}", value) : "-";
}

void tell_row(const ClusterTableRow& row, Report& report) {
  std::vector<Field> fields{{"clusters", row.clusters},
                            {"inertia", row.inertia},
                            {"iterations", row.iterations},
                            {"smallest", row.smallest},
                            {"largest", row.largest}};
  const auto add_defined = [&fields](std::string_view name, double value) {
    if (std::isfinite(value)) fields.emplace_back(name, value);
  };
  add_defined("davies_bouldin", row.quality.davies_bouldin);
  add_defined("calinski_harabasz", row.quality.calinski_harabasz);
  add_defined("simplified_silhouette", row.quality.simplified_silhouette);
  add_defined("silhouette", row.quality.silhouette);
  add_defined("stability", row.stability);
  report.event("clusters", fields);
}

std::size_t recommended_row(const std::vector<ClusterTableRow>& rows) {
  const std::size_t stable = best_by(rows, silhouette_of, is_stable);
  if (stable < rows.size()) return stable;
  const std::size_t most_stable = best_by(
      rows, [](const ClusterTableRow& row) { return row.stability; }, has_stability);
  if (most_stable < rows.size()) return most_stable;
  return best_by(rows, silhouette_of, [](const ClusterTableRow& /*row*/) { return true; });
}

std::string recommended_json(const std::vector<ClusterTableRow>& rows, const ClusteredCounts& counts) {
  using Json = nlohmann::ordered_json;
  const ClusterTableRow& row = rows[recommended_row(rows)];
  Json json;
  json["clusters"] = row.clusters;
  json["iterations"] = row.iterations;
  json["smallest"] = row.smallest;
  json["largest"] = row.largest;
  json["rows"] = counts.rows;
  json["rows_in_no_cluster"] = counts.in_no_cluster;
  json["metrics"] = {{"inertia", number_or_null(row.inertia)},
                     {"silhouette", number_or_null(row.quality.silhouette)},
                     {"simplified-silhouette", number_or_null(row.quality.simplified_silhouette)},
                     {"davies-bouldin", number_or_null(row.quality.davies_bouldin)},
                     {"calinski-harabasz", number_or_null(row.quality.calinski_harabasz)},
                     {"stability", number_or_null(row.stability)}};
  return json_text(json, 2) + "\n";
}

void print_table(const std::vector<ClusterTableRow>& rows, const std::string& no_stability) {
  std::string text = fmt::format("{:>8} {:>13} {:>10} {:>14} {:>17} {:>12} {:>10} {:>9} {:>9}  {}\n", "clusters",
                                 "inertia", "silhouette", "simplified", "calinski-harabasz", "davies-b.", "stability",
                                 "smallest", "largest", "iterations");
  for (const ClusterTableRow& row : rows) {
    text += fmt::format(
        "{:>8} {:>13.6e} {:>10} {:>14} {:>17} {:>12} {:>10} {:>9} {:>9}  {}\n", row.clusters, row.inertia,
        index_text(row.quality.silhouette), index_text(row.quality.simplified_silhouette),
        std::isfinite(row.quality.calinski_harabasz) ? fmt::format("{:.1f}", row.quality.calinski_harabasz) : "-",
        index_text(row.quality.davies_bouldin), index_text(row.stability), row.smallest, row.largest, row.iterations);
  }
  text += dash_reasons(rows, no_stability);
  if (rows.size() > 1) {
    const ClusterTableRow& recommended = rows[recommended_row(rows)];
    text += fmt::format("recommended: {} clusters, {}\n", recommended.clusters, reason_for(recommended));
  }
  print_result(text);
}

}  // namespace rankwise
