#include "jobs/segments/measures/money.hpp"

#include <algorithm>
#include <cstdlib>

namespace rankwise {

bool is_personal(const GroupSums& sums, std::size_t group, Index least) {
  return sums.contributors[group] < least || sums.is_dominated(group);
}

bool hide_money_complements(std::vector<TableCell>& cells) {
  std::int64_t protection = 1;
  bool is_signed = false;
  for (const TableCell& cell : cells) {
    is_signed = is_signed || cell.value < 0;
    if (cell.state == Disclosure::hidden) protection = std::max(protection, std::abs(cell.value));
  }
  for (TableCell& cell : cells) cell.slack = is_signed ? any_amount : cell.value;
  return hide_complements(cells, protection) == 0;
}

std::vector<std::optional<double>> printed_money(const GroupSums& sums, Index least) {
  std::vector<TableCell> cells = line_with_total(sums.sums);
  Index contributors = 0;
  for (std::size_t group = 0; group < sums.sums.size(); ++group) {
    contributors += sums.contributors[group];
    if (is_personal(sums, group, least)) cells[group].state = Disclosure::hidden;
  }
  const std::int64_t largest = *std::ranges::max_element(sums.largest);
  std::int64_t magnitude = 0;
  for (const std::int64_t each : sums.magnitudes) magnitude += each;
  if (contributors < least || largest > magnitude - largest) cells.back().state = Disclosure::hidden;
  const bool is_safe = hide_money_complements(cells);
  std::vector<std::optional<double>> money;
  for (const TableCell& cell : cells) {
    money.push_back(is_safe && is_printed(cell.state) ? std::optional(sums.scale.from_fixed(cell.value))
                                                      : std::nullopt);
  }
  return money;
}

}  // namespace rankwise
