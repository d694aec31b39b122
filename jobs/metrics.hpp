#pragma once
// What `evaluate` measures: names, formulas, and one user's or one rating's value. Pure functions.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/top_items.hpp"

namespace rankwise {

enum class MetricKind { recall, ndcg, average_precision, hit_rate, rmse, mae };

struct Metric {
  std::string name;  ///< as asked for: "ndcg@100"
  MetricKind kind;
  Index cutoff = 0;  ///< k of a ranking metric

  [[nodiscard]] bool ranks() const { return kind != MetricKind::rmse && kind != MetricKind::mae; }
};

/// Parses "recall@20,ndcg@100,rmse"; throws Error(usage) that names the faulty entry.
[[nodiscard]] std::vector<Metric> parse_metrics(const std::string& list);

/// The formulas, for --help.
extern const std::string_view metric_formulas;

/// A ranking metric for one user: `ranked`, best first, holds at least min(cutoff, rankable items); `relevant` ascends
/// and is not empty.
[[nodiscard]] double ranking_value(const Metric& metric, std::span<const ScoredItem> ranked,
                                   std::span<const Index> relevant);

/// A rating's contribution, and the metric from the mean of the contributions.
[[nodiscard]] double rating_term(const Metric& metric, double error);
[[nodiscard]] double rating_value(const Metric& metric, double mean_term);

}  // namespace rankwise
