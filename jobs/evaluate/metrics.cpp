#include "jobs/evaluate/metrics.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <utility>

#include "kernels/base/error.hpp"
#include "kernels/text/number_text.hpp"

namespace rankwise {

const std::string_view metric_formulas =
    R"(Rankings are over the full catalogue, never over a sample; --seen says whether they leave out the user's training
items. An item without a training entry is in no list; a user without one gets the items with the most training entries
(ties to the lower item id). With T a user's held-out items, h_p = 1 if position p (from 1) of the ranking holds one of
them, m = min(k, |T|), averaged over users with T not empty:
  recall@k   sum_{p<=k} h_p / m
  ndcg@k     sum_{p<=k} h_p / log2(p + 1)  /  sum_{p<=m} 1 / log2(p + 1)
  map@k      sum_{p<=k} h_p (sum_{q<=p} h_q / p) / m
  hr@k       1 where any h_p = 1, p <= k; else 0
Over held-out ratings r with predictions p:  rmse = sqrt(mean (r - p)^2),  mae = mean |r - p|.
Baselines: rankings by training popularity; ratings by mean + user bias + item bias, each damped by 5 ratings.)";

namespace {

constexpr std::array metric_words{std::pair{std::string_view("recall"), MetricKind::recall},
                                  std::pair{std::string_view("ndcg"), MetricKind::ndcg},
                                  std::pair{std::string_view("map"), MetricKind::average_precision},
                                  std::pair{std::string_view("hr"), MetricKind::hit_rate},
                                  std::pair{std::string_view("rmse"), MetricKind::rmse},
                                  std::pair{std::string_view("mae"), MetricKind::mae}};

}  // namespace

EvaluationMetric parse_metric(const std::string& option, const std::string& text) {
  const auto fault = [&](const char* expected) {
    return Error(ExitCode::usage, fmt::format("--{} {}: expected {}", option, text, expected));
  };
  const std::size_t at = text.find('@');
  const auto word =
      std::ranges::find(metric_words, std::string_view(text).substr(0, at), [](const auto& w) { return w.first; });
  if (word == metric_words.end()) throw fault("recall@K, ndcg@K, map@K, hr@K, rmse or mae");
  EvaluationMetric metric{text, word->second};
  if (metric.ranks() != (at != std::string::npos))
    throw fault(metric.ranks() ? "@K after its name" : "no @K after its name");
  if (metric.ranks()) {
    const auto cutoff = whole_number<Index>(std::string_view(text).substr(at + 1));
    if (!cutoff || *cutoff < 1) throw fault("a whole number >= 1 after @");
    metric.cutoff = *cutoff;
  }
  return metric;
}

std::vector<EvaluationMetric> parse_metrics(const std::string& list) {
  std::vector<EvaluationMetric> metrics;
  std::size_t begin = 0;
  while (begin <= list.size()) {
    const std::size_t comma = std::min(list.find(',', begin), list.size());
    metrics.push_back(parse_metric("metrics", list.substr(begin, comma - begin)));
    begin = comma + 1;
  }
  return metrics;
}

}  // namespace rankwise
