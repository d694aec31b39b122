#include "jobs/recommend/factor_reasons.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "distributed/rows/select_rows.hpp"
#include "jobs/evaluate/models/matched_model.hpp"
#include "kernels/als/row_terms.hpp"

namespace rankwise {

namespace {

/// Of each row with an item's factors; with biases, a row's last number is its own.
std::vector<double> products(ConstMatrixView rows, std::span<const float> item, const Objective& objective) {
  std::vector<double> found;
  for (Index r = 0; r < rows.rows; ++r) {
    double sum = 0;
    for (Index c = 0; c < rows.columns; ++c) {
      const bool is_bias = objective.biases && c == rows.columns - 1;
      sum += static_cast<double>(rows.row(r)[c]) *
             (is_bias ? 1.0 : static_cast<double>(item[static_cast<std::size_t>(c)]));
    }
    found.push_back(sum);
  }
  return found;
}

}  // namespace

FactorReasons::FactorReasons(const Communicator& comm, const ModelReader& model, const DatasetReader& learned,
                             const UserHistories& users, Index trained_users, Index most)
    : model_(model),
      learned_(learned),
      users_(users),
      trained_users_(trained_users),
      most_(most),
      items_(model.item_factors({0, model.items()})) {
  gramian_ = read_fixed_items(comm, model).gramian;
}

SparseRows FactorReasons::entries(RowRange users, const SparseRows& histories) const {
  const RowRange old{std::min(users.begin, trained_users_), std::min(users.end, trained_users_)};
  const SparseRows learned = learned_.read(DatasetPart::interactions, old);
  SparseRows rows{.rows = histories.rows,
                  .total_rows = histories.total_rows,
                  .column_count = histories.column_count,
                  .columns = {},
                  .values = {}};
  for (Index r = 0; r < users.size(); ++r) {
    const bool is_solved_here = r >= old.size() || users_.has_log(users.begin + r);
    const SparseRows& from = is_solved_here ? histories : learned;
    const auto begin = from.offsets[static_cast<std::size_t>(r)];
    const auto end = from.offsets[static_cast<std::size_t>(r) + 1];
    rows.columns.insert(rows.columns.end(), from.columns.begin() + begin, from.columns.begin() + end);
    rows.values.insert(rows.values.end(), from.values.begin() + begin, from.values.begin() + end);
    rows.offsets.push_back(static_cast<Index>(rows.columns.size()));
  }
  return rows;
}

Matrix FactorReasons::predictions(const Speaking& speaking, Index row) const {
  if (!speaking.features) return {};
  const FeatureRows& features = *speaking.features;
  const ConstMatrixView weights = model_.user_features()->weights.view();
  const auto begin = static_cast<std::size_t>(features.offsets[static_cast<std::size_t>(row)]);
  const auto end = static_cast<std::size_t>(features.offsets[static_cast<std::size_t>(row) + 1]);
  Matrix predicted(static_cast<Index>(end - begin), weights.columns);
  for (std::size_t f = begin; f < end; ++f) {
    const float* const weight = weights.row(features.features[f]);
    std::transform(weight, weight + weights.columns, predicted.row(static_cast<Index>(f - begin)),
                   [value = features.values[f]](float each) { return value * each; });
  }
  return predicted;
}

ListReasons FactorReasons::of(const Speaking& speaking, Index row, std::span<const Index> items,
                              std::span<const float> scores) const {
  // 1. What speaks: entries, then features.
  const Objective& objective = model_.objective();
  const SparseRows& entries = speaking.entries;
  const std::span<const Index> history = row_columns(entries, row);
  std::vector<Index> names(history.begin(), history.end());
  std::vector<float> values;
  for (Index e = entries.offsets[static_cast<std::size_t>(row)]; e < entries.offsets[static_cast<std::size_t>(row) + 1];
       ++e) {
    values.push_back(objective.entry_value(entries.values[static_cast<std::size_t>(e)]));
  }
  const Matrix predicted = predictions(speaking, row);
  for (Index f = 0; f < predicted.rows(); ++f) {
    const Index first = speaking.features->offsets[static_cast<std::size_t>(row)];
    names.push_back(~static_cast<Index>(speaking.features->features[static_cast<std::size_t>(first + f)]));
  }
  const Matrix factors = select_rows(items_.view(), history);
  // Users without entries are what their features predict: nothing is solved.
  std::optional<kernels::RowTerms> system;
  if (!history.empty()) system.emplace(objective, factors.view(), values, gramian_.view(), model_.items());

  // 2. What each adds to each score.
  ListReasons found;
  for (std::size_t place = 0; place < items.size(); ++place) {
    const std::span<const float> item = items_.view().row_span(items[place]);
    const std::vector<double> terms =
        system ? system->of(item, predicted.view()) : products(predicted.view(), item, objective);
    double score = objective.global_mean + (objective.biases ? static_cast<double>(item.back()) : 0.0);
    std::vector<ScoreTerm> named;
    for (std::size_t t = 0; t < terms.size(); ++t) {
      score += terms[t];
      named.push_back({names[t], terms[t]});
    }
    found.largest_gap = std::max(found.largest_gap, std::abs(score - static_cast<double>(scores[place])));
    found.entries.push_back(reasons(std::move(named), most_));
  }
  return found;
}

}  // namespace rankwise
