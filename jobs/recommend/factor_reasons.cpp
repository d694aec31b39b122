#include "jobs/recommend/factor_reasons.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "distributed/rows/select_rows.hpp"
#include "jobs/evaluate/models/matched_model.hpp"
#include "kernels/als/row_terms.hpp"

namespace rankwise {

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

SparseRows FactorReasons::rows(RowRange users, const SparseRows& histories) const {
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

ListReasons FactorReasons::of(const SparseRows& rows, Index row, std::span<const Index> items,
                              std::span<const float> scores) const {
  const Objective& objective = model_.objective();
  const std::span<const Index> history = row_columns(rows, row);
  std::vector<float> values;
  for (Index e = rows.offsets[static_cast<std::size_t>(row)]; e < rows.offsets[static_cast<std::size_t>(row) + 1];
       ++e) {
    values.push_back(objective.entry_value(rows.values[static_cast<std::size_t>(e)]));
  }
  const Matrix factors = select_rows(items_.view(), history);
  const kernels::RowTerms system(objective, factors.view(), values, gramian_.view(), model_.items());
  ListReasons found;
  for (std::size_t place = 0; place < items.size(); ++place) {
    const std::span<const float> item = items_.view().row_span(items[place]);
    const std::vector<double> terms = system.of(item);
    double score = objective.global_mean + (objective.biases ? static_cast<double>(item.back()) : 0.0);
    std::vector<ScoreTerm> named;
    for (std::size_t e = 0; e < terms.size(); ++e) {
      score += terms[e];
      named.push_back({history[e], terms[e]});
    }
    found.largest_gap = std::max(found.largest_gap, std::abs(score - static_cast<double>(scores[place])));
    found.entries.push_back(reasons(std::move(named), most_));
  }
  return found;
}

}  // namespace rankwise
