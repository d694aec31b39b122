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
  recall@k     sum_{p<=k} h_p / m
  precision@k  sum_{p<=k} h_p / k
  ndcg@k       sum_{p<=k} h_p / log2(p + 1)  /  sum_{p<=m} 1 / log2(p + 1)
  map@k        sum_{p<=k} h_p (sum_{q<=p} h_q / p) / m
  mrr@k        1 / position of the first hit, p <= k; 0 without one
  hr@k         1 if any h_p = 1, p <= k; else 0
  revenue@k    sum_{p<=k} h_p v_p, v_p the held-out value: money per user if prepare's value column is money
  auc          share of pairs of a held-out and another item that the scores order rightly, equal scores half
  novelty@k    mean over the list of -log2 (users who have the item / users), of the training part
  diversity@k  1 - mean cosine of all pairs of items of the list, by the model's factors
  category-diversity@k  share of pairs of items of the list whose --categories differ; items without one do not count, a
               list of fewer than two others is 0
  calibration@k  sum_c p_c ln(p_c / q_c) over --categories, p_c the share in the user's training items, q_c 0.99 times the
               share in the list plus 0.01 p_c; items without a category do not count; the lower the better
Over all lists, not means over users:
  coverage@k   items in any list / items of the catalogue
  gini@k       sum_i (2 i - n - 1) c_i / (n sum c), c_i ascending: how often each of the n items is listed
Over held-out ratings r with predictions p:  rmse = sqrt(mean (r - p)^2),  mae = mean |r - p|.
--definitions recbole: recall divides by |T|, coverage and gini count one item more. trec: recall and map divide by |T|.
liang: as ours.
Baselines: rankings by training popularity; ratings by mean + user bias + item bias, each damped by 5 ratings.
Intervals hold the value at 95%: users are independent, Student's t; of coverage and gini by a Poisson bootstrap.
Slices: activity counts a user's training items. item-popularity, cold and time-since-cut take only some of the held-out
items as T, and the lists stay the same: head, mid and tail are the items, most popular first, that have a third of the
training interactions each. time-since-cut, of a dataset that was split in time: days since the first held-out one.
users:COLUMN groups users, and items:COLUMN held-out items, by their table (prepare --users, --items): by category, the 20
with the most rows at most, or between the quartiles of a number.)";

namespace {

constexpr std::array metric_words{std::pair{std::string_view("recall"), MetricKind::recall},
                                  std::pair{std::string_view("precision"), MetricKind::precision},
                                  std::pair{std::string_view("ndcg"), MetricKind::ndcg},
                                  std::pair{std::string_view("map"), MetricKind::average_precision},
                                  std::pair{std::string_view("mrr"), MetricKind::reciprocal_rank},
                                  std::pair{std::string_view("hr"), MetricKind::hit_rate},
                                  std::pair{std::string_view("revenue"), MetricKind::revenue},
                                  std::pair{std::string_view("auc"), MetricKind::auc},
                                  std::pair{std::string_view("coverage"), MetricKind::coverage},
                                  std::pair{std::string_view("gini"), MetricKind::gini},
                                  std::pair{std::string_view("novelty"), MetricKind::novelty},
                                  std::pair{std::string_view("diversity"), MetricKind::diversity},
                                  std::pair{std::string_view("category-diversity"), MetricKind::category_diversity},
                                  std::pair{std::string_view("calibration"), MetricKind::calibration},
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
  if (word == metric_words.end())
    throw fault(
        "recall@K, precision@K, ndcg@K, map@K, mrr@K, hr@K, revenue@K, auc, coverage@K, gini@K, novelty@K, "
        "diversity@K, category-diversity@K, calibration@K, rmse or mae");
  EvaluationMetric metric{text, word->second};
  if (metric.has_cutoff() != (at != std::string::npos))
    throw fault(metric.has_cutoff() ? "@K after its name" : "no @K after its name");
  if (metric.has_cutoff()) {
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

std::string definition_text(const EvaluationMetric& metric) {
  const bool is_recbole = metric.definitions == Definitions::recbole;
  const bool is_trec = metric.definitions == Definitions::trec;
  switch (metric.kind) {
    case MetricKind::recall:
      return is_recbole || is_trec ? "hits in the first k / |T|; mean over users"
                                   : "hits in the first k / min(k, |T|); mean over users";
    case MetricKind::precision:
      return "hits in the first k / k; mean over users";
    case MetricKind::ndcg:
      return "sum of 1 / log2(p + 1) over hits p <= k / the same over p <= min(k, |T|); mean over users";
    case MetricKind::average_precision:
      return is_trec ? "sum of precision at each hit p <= k / |T|; mean over users"
                     : "sum of precision at each hit p <= k / min(k, |T|); mean over users";
    case MetricKind::reciprocal_rank:
      return "1 / position of the first hit p <= k, 0 without one; mean over users";
    case MetricKind::hit_rate:
      return "share of users with a hit in the first k";
    case MetricKind::revenue:
      return "sum of the held-out values of hits in the first k; mean over users";
    case MetricKind::auc:
      return "share of pairs of a held-out and another candidate in right order, ties half; mean over users";
    case MetricKind::coverage:
      return is_recbole ? "items in any list / (items + 1)" : "items in any list / items";
    case MetricKind::gini:
      return is_recbole ? "Gini's index of how often each item is listed, items + 1 of them"
                        : "Gini's index of how often each item is listed, zeros included";
    case MetricKind::novelty:
      return "mean of -log2(users of the item / users) over the list; mean over users";
    case MetricKind::diversity:
      return "1 - mean cosine of pairs of the list's item factors; mean over users";
    case MetricKind::category_diversity:
      return "share of pairs of the list's items whose categories differ; mean over users";
    case MetricKind::calibration:
      return "divergence of the list's categories from the history's, smoothed by 0.01; mean over users";
    case MetricKind::rmse:
      return "square root of the mean squared error of ratings";
    case MetricKind::mae:
      return "mean absolute error of ratings";
  }
  return {};
}

}  // namespace rankwise
