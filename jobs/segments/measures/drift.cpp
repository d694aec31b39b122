#include "jobs/segments/measures/drift.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>
#include <variant>

#include "distributed/segments/group_sums.hpp"
#include "distributed/segments/number_shift.hpp"
#include "kernels/statistics/multiple_tests.hpp"

namespace rankwise {

namespace {

/// Rows of each category, those of both quarters in one order.
struct AlignedCounts {
  std::vector<Index> before;
  std::vector<Index> now;
};

AlignedCounts align(const Communicator& comm, const Categories& before, const Categories& now) {
  std::map<std::string, std::pair<Index, Index>> counts;
  const std::vector<Index> old_counts = count_by_group(comm, before.codes, std::ssize(before.categories));
  const std::vector<Index> new_counts = count_by_group(comm, now.codes, std::ssize(now.categories));
  for (std::size_t code = 0; code < old_counts.size(); ++code) counts[before.categories[code]].first = old_counts[code];
  for (std::size_t code = 0; code < new_counts.size(); ++code) counts[now.categories[code]].second = new_counts[code];
  AlignedCounts aligned;
  for (const auto& [name, both] : counts) {
    aligned.before.push_back(both.first);
    aligned.now.push_back(both.second);
  }
  return aligned;
}

Index total(const std::vector<Index>& counts) {
  return std::accumulate(counts.begin(), counts.end(), Index{0});
}

std::optional<ColumnDrift> drift_of(const Communicator& comm, const TableColumn& before, const TableColumn& now,
                                    Index least) {
  ColumnDrift drift;
  drift.name = now.name;
  drift.type = now.type();
  if (const auto* categories = std::get_if<Categories>(&now.values)) {
    const AlignedCounts counts = align(comm, std::get<Categories>(before.values), *categories);
    if (total(counts.before) < least || total(counts.now) < least) return std::nullopt;
    drift.stability_index = population_stability_index(counts.before, counts.now);
    drift.test = chi_square_test(counts.before, counts.now);
    return drift;
  }
  const NumberShift shift = number_shift(comm, std::get<Numbers>(before.values), std::get<Numbers>(now.values));
  if (shift.before < least || shift.after < least) return std::nullopt;
  drift.stability_index = shift.stability_index;
  drift.test = shift.kolmogorov_smirnov;
  drift.median_before = shift.median_before;
  drift.median_now = shift.median_after;
  return drift;
}

}  // namespace

Drift measure_drift(const Communicator& comm, const std::vector<TableColumn>& before,
                    const std::vector<TableColumn>& now, Index least) {
  Drift drift;
  std::vector<double> p_values;
  for (const TableColumn& column : now) {
    const auto partner = std::ranges::find(before, column.name, &TableColumn::name);
    std::optional<ColumnDrift> measured;
    if (partner != before.end() && partner->type() == column.type() && column.type() != ColumnType::text)
      measured = drift_of(comm, *partner, column, least);
    if (measured) {
      p_values.push_back(measured->test.p);
      drift.columns.push_back(*std::move(measured));
    } else {
      ++drift.skipped;
    }
  }
  const std::vector<double> adjusted = adjusted_p_values(p_values);
  for (std::size_t column = 0; column < adjusted.size(); ++column) drift.columns[column].p_adjusted = adjusted[column];
  return drift;
}

}  // namespace rankwise
