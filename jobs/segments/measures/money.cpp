#include "jobs/segments/measures/money.hpp"

#include <algorithm>
#include <cstdlib>

namespace rankwise {

Disclosure disclosure_of(const GroupSums& sums, std::size_t group, Index least) {
  if (sums.contributors[group] == 0) return Disclosure::complement;
  return sums.contributors[group] < least || sums.is_dominated(group) ? Disclosure::hidden : Disclosure::open;
}

Disclosure disclosure_of_total(const GroupSums& sums, Index least) {
  GroupSums total{sums.scale, {0}, {0}, {0}, {0}};
  for (std::size_t group = 0; group < sums.sums.size(); ++group) {
    total.magnitudes[0] += sums.magnitudes[group];
    total.largest[0] = std::max(total.largest[0], sums.largest[group]);
    total.contributors[0] += sums.contributors[group];
  }
  return disclosure_of(total, 0, least);
}

bool hide_money_complements(std::vector<TableCell>& cells) {
  const bool is_signed = std::ranges::any_of(cells, [](const TableCell& cell) { return cell.value < 0; });
  for (TableCell& cell : cells) {
    cell.slack = is_signed ? any_amount : cell.value;
    cell.protection = std::max(std::int64_t{1}, std::abs(cell.value));
  }
  return hide_complements(cells) == 0;
}

std::vector<std::optional<double>> printed_money(const GroupSums& sums, Index least) {
  std::vector<TableCell> cells = line_with_total(sums.sums);
  for (std::size_t group = 0; group < sums.sums.size(); ++group) cells[group].state = disclosure_of(sums, group, least);
  cells.back().state = disclosure_of_total(sums, least);
  const bool is_safe = hide_money_complements(cells);
  std::vector<std::optional<double>> money;
  for (const TableCell& cell : cells) {
    money.push_back(is_safe && is_printed(cell.state) ? std::optional(sums.scale.from_fixed(cell.value))
                                                      : std::nullopt);
  }
  return money;
}

}  // namespace rankwise
