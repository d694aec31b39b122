#include "jobs/segments/measures/lifts.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "kernels/statistics/multiple_tests.hpp"
#include "kernels/statistics/suppression.hpp"

namespace rankwise {

namespace {

constexpr double false_discoveries = 0.05;

/// Of each value and group, whether it may be printed, with the value's total.
using Printed = std::vector<char>;

/// A value's line of groups, whose total is printed with any of them.
void print_line(const std::vector<TableCell>& cells, std::size_t first, std::size_t total, std::size_t groups,
                Printed& printed) {
  for (std::size_t group = 0; group < groups; ++group)
    printed.push_back(is_printed(cells[total].state) && is_printed(cells[first + group].state) ? 1 : 0);
}

/// A value that customers may have beside others: those who have it and those who have it not are a table with the
/// groups' sizes, which are printed.
Printed printed_lines(const AttributeCounts& attribute, const Groups& groups, Index least) {
  const std::size_t count = groups.list.size();
  Printed printed;
  for (std::size_t value = 0; value < attribute.values.size(); ++value) {
    std::vector<Index> counts(attribute.counts.begin() + static_cast<std::ptrdiff_t>(value * count),
                              attribute.counts.begin() + static_cast<std::ptrdiff_t>((value + 1) * count));
    for (std::size_t group = 0; group < count; ++group) counts.push_back(groups.list[group].customers - counts[group]);
    std::vector<TableCell> cells = table_with_totals(counts, 2, count);
    for (std::size_t group = 0; group <= count; ++group) cells[2 * (count + 1) + group].state = Disclosure::published;
    hide_small_counts(cells, least);
    if (hide_complements(cells) > 0) cells[count].state = Disclosure::complement;
    print_line(cells, 0, count, count, printed);
  }
  return printed;
}

/// Values of which each customer has one: groups add up, too, and their sizes are printed.
Printed printed_table(const AttributeCounts& attribute, std::size_t groups, Index least) {
  const std::size_t values = attribute.values.size();
  std::vector<TableCell> cells = table_with_totals(attribute.counts, values + 1, groups);
  hide_small_counts(cells, least);
  for (std::size_t group = 0; group <= groups; ++group) {
    TableCell& unknown = cells[values * (groups + 1) + group];  // is never printed
    if (attribute.publishes_unknown && unknown.state != Disclosure::hidden) {
      unknown.state = Disclosure::published;  // the other column may give it
    } else if (is_printed(unknown.state)) {
      unknown.state = Disclosure::complement;
    }
    cells[(values + 1) * (groups + 1) + group].state = Disclosure::published;
  }
  const bool is_safe = hide_complements(cells) == 0;
  Printed printed;
  for (std::size_t value = 0; value < values; ++value) {
    const std::size_t first = value * (groups + 1);
    print_line(cells, first, first + groups, groups, printed);
  }
  if (!is_safe) std::ranges::fill(printed, 0);
  return printed;
}

AttributeLifts cells_of(const AttributeCounts& attribute, const Groups& groups, const Printed& printed, Index least) {
  AttributeLifts lifts{attribute.kind, attribute.name, attribute.values, {}, 0};
  const std::size_t count = groups.list.size();
  for (std::size_t value = 0; value < attribute.values.size(); ++value) {
    Index total = 0;
    for (std::size_t group = 0; group < count; ++group) total += attribute.counts[value * count + group];
    if (total == 0) continue;
    for (std::size_t group = 0; group < count; ++group) {
      if (groups.list[group].kind != GroupKind::segment) continue;
      const Index inside = attribute.counts[value * count + group];
      if (printed[value * count + group] == 0 || total - inside < least) {
        ++lifts.hidden;
        continue;
      }
      const Index size = groups.list[group].customers;
      LiftCell cell{value, group, {size, inside}, {groups.customers - size, total - inside}, {}, 1};
      cell.lift = compare_proportions(cell.inside, cell.outside, lift_confidence);
      lifts.cells.push_back(cell);
    }
  }
  return lifts;
}

void adjust_p_values(std::vector<AttributeLifts>& lifts) {
  std::vector<double> p_values;
  for (const AttributeLifts& attribute : lifts) {
    for (const LiftCell& cell : attribute.cells) p_values.push_back(cell.lift.p);
  }
  const std::vector<double> adjusted = adjusted_p_values(p_values);
  auto next = adjusted.begin();
  for (AttributeLifts& attribute : lifts) {
    for (LiftCell& cell : attribute.cells) cell.p_adjusted = *next++;
  }
}

}  // namespace

double LiftCell::strength() const {
  if (std::isnan(lift.interval.low)) return -1;
  return lift.ratio >= 1 ? std::log(lift.interval.low) : -std::log(lift.interval.high);
}

std::vector<AttributeLifts> measure_lifts(const std::vector<AttributeCounts>& attributes, const Groups& groups,
                                          Index least) {
  std::vector<AttributeLifts> lifts;
  if (groups.list.size() < 2) return lifts;  // nobody to compare with
  for (const AttributeCounts& attribute : attributes) {
    const Printed printed = attribute.is_own() ? printed_table(attribute, groups.list.size(), least)
                                               : printed_lines(attribute, groups, least);
    lifts.push_back(cells_of(attribute, groups, printed, least));
  }
  adjust_p_values(lifts);
  return lifts;
}

std::vector<SegmentReason> strongest_reasons(const std::vector<AttributeLifts>& lifts, std::size_t group,
                                             std::size_t most) {
  std::vector<SegmentReason> found;
  for (const AttributeLifts& attribute : lifts) {
    for (const LiftCell& cell : attribute.cells) {
      if (cell.group == group && cell.p_adjusted <= false_discoveries && cell.strength() > 0)
        found.push_back({&attribute, &cell});
    }
  }
  const auto strength_of = [](const SegmentReason& reason) { return reason.cell->strength(); };
  std::ranges::stable_sort(found, std::ranges::greater(), strength_of);

  // The strongest of each attribute come before the others of it, so that not all are items.
  std::set<const AttributeLifts*> taken;
  std::vector<SegmentReason> reasons;
  std::vector<SegmentReason> others;
  for (const SegmentReason& reason : found)
    (taken.insert(reason.attribute).second ? reasons : others).push_back(reason);
  reasons.insert(reasons.end(), others.begin(), others.end());
  reasons.resize(std::min(reasons.size(), most));
  std::ranges::stable_sort(reasons, std::ranges::greater(), strength_of);
  return reasons;
}

}  // namespace rankwise
