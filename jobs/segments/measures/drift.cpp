#include "jobs/segments/measures/drift.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <numeric>
#include <utility>
#include <variant>

#include "distributed/segments/group_sums.hpp"
#include "distributed/segments/number_shift.hpp"
#include "kernels/statistics/multiple_tests.hpp"

namespace rankwise {

namespace {

/// Rows of each category, those of both quarters in one order; or of each bin of numbers.
struct AlignedCounts {
  std::vector<Index> before;
  std::vector<Index> now;

  [[nodiscard]] Index smaller(std::size_t bin) const { return std::min(before[bin], now[bin]); }
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

/// With one bin for all those that are too small, and for so many more that it is not; empty bins are left out.
AlignedCounts join_small(const AlignedCounts& counts, Index least) {
  std::vector<std::size_t> order;
  for (std::size_t bin = 0; bin < counts.before.size(); ++bin) {
    if (counts.before[bin] + counts.now[bin] > 0) order.push_back(bin);
  }
  std::ranges::stable_sort(order, {}, [&](std::size_t bin) { return counts.smaller(bin); });
  AlignedCounts joined{{0}, {0}};
  for (const std::size_t bin : order) {
    const bool has_rest = joined.before[0] + joined.now[0] > 0;
    if (counts.smaller(bin) < least || (has_rest && joined.smaller(0) < least)) {
      joined.before[0] += counts.before[bin];
      joined.now[0] += counts.now[bin];
    } else {
      joined.before.push_back(counts.before[bin]);
      joined.now.push_back(counts.now[bin]);
    }
  }
  return joined;
}

/// Another bin beside the joined one, or none that had to be joined.
bool says_enough(const AlignedCounts& joined) {
  return joined.before.size() > 1 || joined.before[0] + joined.now[0] == 0;
}

double three_digits(double value) {
  if (!std::isfinite(value)) return value;
  const std::string text = fmt::format("{:.2e}", value);
  double rounded = value;
  std::from_chars(text.data(), text.data() + text.size(), rounded);
  return rounded;
}

/// How both quarters of a column differ.
enum class Comparison { made, too_small, no_numbers };

Comparison compare(const Communicator& comm, const TableColumn& before, const TableColumn& now, Index least,
                   ColumnDrift& drift) {
  drift.name = now.name;
  drift.type = now.type();
  if (const auto* categories = std::get_if<Categories>(&now.values)) {
    const AlignedCounts counts = align(comm, std::get<Categories>(before.values), *categories);
    if (total(counts.before) < least || total(counts.now) < least) return Comparison::no_numbers;
    const AlignedCounts joined = join_small(counts, least);
    drift.stability_index = population_stability_index(joined.before, joined.now);
    drift.test = chi_square_test(joined.before, joined.now);
    return says_enough(joined) ? Comparison::made : Comparison::too_small;
  }
  NumberShift shift = number_shift(comm, std::get<Numbers>(before.values), std::get<Numbers>(now.values));
  if (shift.before < least || shift.after < least) return Comparison::no_numbers;
  const AlignedCounts joined = join_small({std::move(shift.bins_before), std::move(shift.bins_after)}, least);
  drift.stability_index = population_stability_index(joined.before, joined.now);
  drift.test = shift.kolmogorov_smirnov;
  drift.median_before = shift.median_before;
  drift.median_now = shift.median_after;
  return says_enough(joined) ? Comparison::made : Comparison::too_small;
}

void round_figures(ColumnDrift& drift) {
  for (double* const figure : {&drift.stability_index, &drift.test.statistic, &drift.test.p, &drift.p_adjusted})
    *figure = three_digits(*figure);
}

}  // namespace

Drift measure_drift(const Communicator& comm, const std::vector<TableColumn>& before,
                    const std::vector<TableColumn>& now, const std::string& segment_column, Index least) {
  Drift drift;
  std::vector<double> p_values;
  for (const TableColumn& column : now) {
    const auto partner = std::ranges::find(before, column.name, &TableColumn::name);
    if (partner == before.end() || partner->type() != column.type()) continue;
    if (column.type() == ColumnType::text || column.name == segment_column) continue;
    ColumnDrift measured;
    const Comparison comparison = compare(comm, *partner, column, least, measured);
    if (comparison == Comparison::too_small) drift.too_small.push_back(column.name);
    if (comparison != Comparison::made) continue;
    p_values.push_back(measured.test.p);
    drift.columns.push_back(std::move(measured));
  }
  const std::vector<double> adjusted = adjusted_p_values(p_values);
  for (std::size_t column = 0; column < adjusted.size(); ++column) {
    drift.columns[column].p_adjusted = adjusted[column];
    round_figures(drift.columns[column]);
  }
  return drift;
}

}  // namespace rankwise
