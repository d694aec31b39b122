#include "jobs/campaign/measure/comparisons.hpp"

#include <algorithm>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <iterator>
#include <limits>
#include <utility>

#include "jobs/campaign/measure/printed_cells.hpp"
#include "kernels/experiments/power.hpp"
#include "kernels/statistics/multiple_tests.hpp"

namespace rankwise {

namespace {

constexpr Index compared_groups = 2;  // treated, control
constexpr int deciles = 10;
const std::string all_name = "(all)";
const std::string no_name = "(none)";

/// 0: treated, 1: control, -1: neither.
std::vector<std::int32_t> compared_group_of(const CampaignAssignment& assignment) {
  std::vector<std::int32_t> groups;
  for (const CustomerGroup group : assignment.groups)
    groups.push_back(group == CustomerGroup::global_control ? -1 : static_cast<std::int32_t>(group));
  return groups;
}

/// One number a customer, in millionths.
std::vector<std::int64_t> values_of(const CustomerOutcomes& outcomes, Outcome outcome) {
  if (outcome == Outcome::revenue) return outcomes.revenue_millionths;
  if (outcome == Outcome::margin) return outcomes.margin_millionths;
  std::vector<std::int64_t> values;
  for (const std::int64_t orders : outcomes.orders)
    values.push_back(millionths * (outcome == Outcome::buyers ? std::min<std::int64_t>(orders, 1) : orders));
  return values;
}

std::vector<CellMember> everybody(std::size_t customers) {
  std::vector<CellMember> members;
  members.reserve(customers);
  for (std::size_t customer = 0; customer < customers; ++customer)
    members.push_back({static_cast<std::int32_t>(customer), 0});
  return members;
}

Comparison compared(Outcome outcome, const GroupOutcome& treated, const GroupOutcome& control, bool has_past) {
  Comparison comparison;
  comparison.outcome = outcome;
  comparison.treated = treated;
  comparison.control = control;
  const GroupMoments one = outcome_moments(treated.sums);
  const GroupMoments other = outcome_moments(control.sums);
  comparison.difference = welch_effect(one, other, confidence);
  comparison.lift = relative_lift(one, other, other.mean, confidence);
  if (!has_past) return comparison;
  comparison.by_past = adjust_for_past(treated.sums, control.sums);
  comparison.adjusted = welch_effect(comparison.by_past->treated, comparison.by_past->control, confidence);
  comparison.adjusted_lift =
      relative_lift(comparison.by_past->treated, comparison.by_past->control, other.mean, confidence);
  return comparison;
}

/// Sums and comparisons of one outcome of a list.
class ListComparer {
 public:
  ListComparer(const Communicator& comm, const CampaignList& list, const ListOutcomes& bought, Index least_group)
      : comm_(comm), bought_(bought), groups_(compared_group_of(list.assignment)), least_group_(least_group) {}

  [[nodiscard]] std::vector<GroupOutcome> sums(const std::vector<CellMember>& members, Index cells,
                                               const std::vector<std::int64_t>& values) const {
    return sum_outcomes(comm_, members, cells, groups_, compared_groups, values, bought_.past_millionths);
  }

  [[nodiscard]] Comparison whole(Outcome outcome, const std::vector<std::int64_t>& values) const {
    const auto groups = sums(everybody(groups_.size()), 1, values);
    Comparison comparison = compared(outcome, groups[0], groups[1], bought_.has_past);
    comparison.is_printed = is_printable(groups[0], is_money(outcome), least_group_) &&
                            is_printable(groups[1], is_money(outcome), least_group_);
    return comparison;
  }

  /// With money above the pooled quantile cut to it.
  [[nodiscard]] Comparison whole_cut(Outcome outcome, std::vector<std::int64_t> values) const {
    const MoneyCut cut = money_cut(comm_, values, groups_, compared_groups, cut_share, least_group_);
    for (std::int64_t& value : values) value = std::min(value, cut.bound_millionths);
    Comparison comparison = whole(outcome, values);
    comparison.cut = static_cast<double>(cut.bound_millionths) / static_cast<double>(millionths);
    comparison.is_printed = comparison.is_printed && cut.is_printable;
    return comparison;
  }

  [[nodiscard]] const std::vector<std::int32_t>& groups() const { return groups_; }

 private:
  const Communicator& comm_;
  const ListOutcomes& bought_;
  std::vector<std::int32_t> groups_;
  Index least_group_;
};

/// Segments by offers with totals: rows are segments and those in none, columns offers and having none.
struct CellTable {
  std::size_t rows = 1;
  std::size_t columns = 1;
  std::vector<CellMember> members;

  [[nodiscard]] Index cells() const { return static_cast<Index>((rows + 1) * (columns + 1)); }
  [[nodiscard]] std::size_t cell(std::size_t row, std::size_t column) const { return row * (columns + 1) + column; }
};

/// A customer is in the cell of its segment and of each offer that is intended for it, and in the totals.
CellTable cell_table(const CampaignAssignment& assignment) {
  CellTable table;
  table.rows = assignment.segments.size() + 1;
  table.columns = assignment.offers.size() + 1;
  for (std::size_t customer = 0; customer < assignment.groups.size(); ++customer) {
    const std::int32_t segment = assignment.segment_of[customer];
    const std::size_t row = segment < 0 ? table.rows - 1 : static_cast<std::size_t>(segment);
    const auto add = [&](std::size_t of_row, std::size_t column) {
      table.members.push_back(
          {static_cast<std::int32_t>(customer), static_cast<std::int32_t>(table.cell(of_row, column))});
    };
    const OfferLines& lines = assignment.lines;
    bool has_offer = false;
    for (auto line = static_cast<std::size_t>(lines.offsets[customer]);
         line < static_cast<std::size_t>(lines.offsets[customer + 1]); ++line) {
      if (lines.intended[line] == 0) continue;
      has_offer = true;
      add(row, static_cast<std::size_t>(lines.offers[line]));
      add(table.rows, static_cast<std::size_t>(lines.offers[line]));
    }
    if (!has_offer) {
      add(row, table.columns - 1);
      add(table.rows, table.columns - 1);
    }
    add(row, table.columns);
    add(table.rows, table.columns);
  }
  return table;
}

std::string name_at(const std::vector<std::string>& names, std::size_t place) {
  return place < names.size() ? names[place] : place == names.size() ? no_name : all_name;
}

/// Cells of a table that have somebody of both groups, in a form that can be listed.
class ListedCells {
 public:
  ListedCells(const CampaignAssignment& assignment, const CellTable& table, Outcome outcome,
              std::vector<GroupOutcome> groups, PrintedPart part, bool has_past, Index least_group)
      : assignment_(assignment),
        table_(table),
        outcome_(outcome),
        groups_(std::move(groups)),
        printed_(printed_cells(groups_, table.rows, table.columns, part, is_money(outcome), least_group)),
        has_past_(has_past) {}

  [[nodiscard]] bool is_empty(std::size_t cell) const {
    return groups_[2 * cell].sums.customers == 0 && groups_[2 * cell + 1].sums.customers == 0;
  }
  [[nodiscard]] bool is_shown(std::size_t cell) const { return printed_[cell] != 0; }

  /// Appends the cell, or counts it among the hidden ones; nothing of nobody.
  void list(std::size_t row, std::size_t column, std::vector<CellComparison>& cells, Index& hidden) const {
    const std::size_t cell = table_.cell(row, column);
    if (is_empty(cell)) return;
    if (!is_shown(cell)) {
      ++hidden;
      return;
    }
    CellComparison listed;
    listed.segment = name_at(assignment_.segments, row);
    listed.offer = name_at(assignment_.offers.names, column);
    listed.comparison = compared(outcome_, groups_[2 * cell], groups_[2 * cell + 1], has_past_);
    listed.comparison.is_printed = true;
    cells.push_back(std::move(listed));
  }

 private:
  const CampaignAssignment& assignment_;
  const CellTable& table_;
  Outcome outcome_;
  std::vector<GroupOutcome> groups_;
  std::vector<char> printed_;
  bool has_past_;
};

/// Of each cell of segment and offer, how many of its treated customers were sent the offer. Collective.
std::vector<Index> sent_counts(const Communicator& comm, const CampaignAssignment& assignment, const CellTable& table) {
  std::vector<Index> sent(static_cast<std::size_t>(table.cells()), 0);
  const OfferLines& lines = assignment.lines;
  for (std::size_t customer = 0; customer < assignment.groups.size(); ++customer) {
    if (assignment.groups[customer] != CustomerGroup::treated) continue;
    const std::int32_t segment = assignment.segment_of[customer];
    const std::size_t row = segment < 0 ? table.rows - 1 : static_cast<std::size_t>(segment);
    for (auto line = static_cast<std::size_t>(lines.offsets[customer]);
         line < static_cast<std::size_t>(lines.offsets[customer + 1]); ++line) {
      if (lines.intended[line] != 0 && lines.sent[line] != 0)
        ++sent[table.cell(row, static_cast<std::size_t>(lines.offers[line]))];
    }
  }
  comm.all_reduce_sum(std::span<Index>(sent));
  return sent;
}

/// Extra margin of each segment and offer, drawn toward their mean.
void list_uplifts(const CampaignAssignment& assignment, const CellTable& table, const ListedCells& cells,
                  const std::vector<Index>& sent, CampaignFindings& findings) {
  std::vector<std::size_t> places;
  std::vector<CellComparison> listed;
  Index hidden = 0;
  for (std::size_t row = 0; row < table.rows; ++row) {
    for (std::size_t column = 0; column < assignment.offers.size(); ++column) {
      cells.list(row, column, listed, hidden);
      if (places.size() < listed.size()) places.push_back(table.cell(row, column));
    }
  }
  findings.uplifts_hidden = hidden;
  std::vector<Estimate> estimates;
  for (const CellComparison& each : listed) {
    const Comparison& comparison = each.comparison;
    estimates.push_back({comparison.difference.value, comparison.difference.standard_error});
    findings.uplifts.push_back({.segment = assignment.segments.empty() ? all_name : each.segment,
                                .offer = each.offer,
                                .treated = comparison.treated.sums.customers,
                                .control = comparison.control.sums.customers,
                                .uplift = estimates.back(),
                                .shrunk = 0});
  }
  findings.shrunk = shrink_toward_mean(estimates);
  for (std::size_t place = 0; place < findings.uplifts.size(); ++place) {
    UpliftCell& cell = findings.uplifts[place];
    cell.shrunk = findings.shrunk->values[place];
    cell.sent_share = static_cast<double>(sent[places[place]]) / static_cast<double>(std::max<Index>(cell.treated, 1));
  }
}

/// Over all of them together.
void adjust_p_values(const std::vector<std::vector<CellComparison>*>& families) {
  std::vector<double> p_values;
  for (const auto* const family : families) {
    for (const CellComparison& cell : *family) p_values.push_back(cell.comparison.difference.p);
  }
  const std::vector<double> adjusted = adjusted_p_values(p_values);
  auto next = adjusted.begin();
  for (auto* const family : families) {
    for (CellComparison& cell : *family) cell.p_adjusted = *next++;
  }
}

/// Tenths by midranks of what was expected: equal values are in one. Bounds are order statistics of all ranks'.
std::vector<CellMember> decile_members(const Communicator& comm, const std::vector<std::int64_t>& predicted,
                                       const std::vector<std::int32_t>& groups) {
  std::vector<std::int64_t> bounds;
  for (int tenth = 1; tenth < deciles; ++tenth)
    bounds.push_back(pooled_quantile(comm, predicted, groups, static_cast<double>(tenth) / deciles));
  std::vector<CellMember> members;
  for (std::size_t customer = 0; customer < predicted.size(); ++customer) {
    const auto decile = std::ranges::lower_bound(bounds, predicted[customer]) - bounds.begin();
    members.push_back({static_cast<std::int32_t>(customer), static_cast<std::int32_t>(decile)});
  }
  return members;
}

/// Cochran's Q: whether the differences of these cells vary by more than chance explains.
std::optional<double> heterogeneity_p(const std::vector<CellComparison>& cells) {
  double weights = 0;
  double weighted = 0;
  double squares = 0;
  int count = 0;
  for (const CellComparison& cell : cells) {
    const Effect& effect = cell.comparison.difference;
    if (!(effect.standard_error > 0)) continue;
    const double weight = 1 / (effect.standard_error * effect.standard_error);
    weights += weight;
    weighted += weight * effect.value;
    squares += weight * effect.value * effect.value;
    ++count;
  }
  if (count < 2) return std::nullopt;
  const double q = std::max(0.0, squares - weighted * weighted / weights);
  return boost::math::gamma_q((count - 1) / 2.0, q / 2);
}

}  // namespace

void compare_list(const Communicator& comm, const CampaignList& list, const ListOutcomes& bought, Index least_group,
                  CampaignFindings& findings) {
  const ListComparer comparer(comm, list, bought, least_group);
  const bool has_margin = comm.max(std::ssize(bought.outcomes.margin_millionths)) > 0;
  for (const Outcome outcome : {Outcome::buyers, Outcome::orders, Outcome::revenue, Outcome::margin}) {
    if (outcome == Outcome::margin && !has_margin) continue;
    const std::vector<std::int64_t> values = values_of(bought.outcomes, outcome);
    if (outcome == outcome_of(list.assignment.terms.goal)) findings.primary = findings.comparisons.size();
    findings.comparisons.push_back(comparer.whole(outcome, values));
    if (is_money(outcome)) findings.comparisons.push_back(comparer.whole_cut(outcome, values));
  }
  findings.least_detectable = least_detectable_effect(findings.comparisons[findings.primary].difference.standard_error);
}

void compare_cells(const Communicator& comm, const CampaignList& list, const ListOutcomes& bought, Index least_group,
                   CampaignFindings& findings) {
  const CampaignAssignment& assignment = list.assignment;
  const Outcome outcome = outcome_of(assignment.terms.goal);
  const ListComparer comparer(comm, list, bought, least_group);
  const CellTable table = cell_table(assignment);
  const bool has_uplifts = list.has_offers && comm.max(std::ssize(bought.outcomes.margin_millionths)) > 0;
  const PrintedPart part = has_uplifts ? PrintedPart::cells_and_totals : PrintedPart::totals;
  const auto listed_cells = [&](Outcome of) {
    return ListedCells(assignment, table, of,
                       comparer.sums(table.members, table.cells(), values_of(bought.outcomes, of)), part,
                       bought.has_past, least_group);
  };
  const ListedCells cells = listed_cells(outcome);
  if (list.has_segments) {
    for (std::size_t row = 0; row < table.rows; ++row)
      cells.list(row, table.columns, findings.segments, findings.cells_hidden);
  }
  if (list.has_offers) {
    for (std::size_t column = 0; column < table.columns; ++column)
      cells.list(table.rows, column, findings.offers, findings.cells_hidden);
  }
  adjust_p_values({&findings.segments, &findings.offers});
  if (!has_uplifts) return;
  const std::vector<Index> sent = sent_counts(comm, assignment, table);
  if (outcome == Outcome::margin) {
    list_uplifts(assignment, table, cells, sent, findings);
  } else {
    list_uplifts(assignment, table, listed_cells(Outcome::margin), sent, findings);
  }
}

void compare_deciles(const Communicator& comm, const CampaignList& list, const ListOutcomes& bought, Index least_group,
                     CampaignFindings& findings) {
  if (!list.is_fixed) return;
  const Outcome outcome = outcome_of(list.assignment.terms.goal);
  const ListComparer comparer(comm, list, bought, least_group);
  const std::vector<CellMember> members =
      decile_members(comm, list.assignment.predicted_value_millionths, comparer.groups());
  std::vector<GroupOutcome> groups = comparer.sums(members, deciles, values_of(bought.outcomes, outcome));
  const auto whole = comparer.sums(everybody(comparer.groups().size()), 1, values_of(bought.outcomes, outcome));
  // A table of one row: its cells, their total, and the totals of columns, which are the cells again.
  std::vector<GroupOutcome> with_totals = groups;
  with_totals.insert(with_totals.end(), whole.begin(), whole.end());
  const std::vector<GroupOutcome> row = with_totals;
  with_totals.insert(with_totals.end(), row.begin(), row.end());
  const std::vector<char> printed =
      printed_cells(with_totals, 1, deciles, PrintedPart::cells_and_totals, is_money(outcome), least_group);
  int filled = 0;
  for (int decile = 0; decile < deciles; ++decile) {
    const auto place = static_cast<std::size_t>(decile);
    if (groups[2 * place].sums.customers + groups[2 * place + 1].sums.customers == 0) continue;
    ++filled;
    if (printed[place] == 0) {
      ++findings.cells_hidden;
      continue;
    }
    CellComparison cell;
    cell.segment = all_name;
    cell.offer = all_name;
    cell.decile = decile + 1;
    cell.comparison = compared(outcome, groups[2 * place], groups[2 * place + 1], bought.has_past);
    cell.comparison.is_printed = true;
    findings.deciles.push_back(std::move(cell));
  }
  if (filled < 2) findings.deciles.clear();  // one value was expected of all
  adjust_p_values({&findings.deciles});
  findings.decile_heterogeneity_p = heterogeneity_p(findings.deciles);
}

}  // namespace rankwise
