#include "jobs/segments/sentences.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "kernels/text/counted.hpp"

namespace rankwise {

namespace {

std::string share_text(double part, double all) {
  return percent(part / all);
}

/// Places of groups that are segments, those with the most customers first.
std::vector<std::size_t> by_size(const std::vector<Group>& groups) {
  std::vector<std::size_t> places;
  for (std::size_t place = 0; place < groups.size(); ++place) {
    if (groups[place].kind == GroupKind::segment) places.push_back(place);
  }
  std::ranges::stable_sort(places, std::ranges::greater(), [&](std::size_t place) { return groups[place].customers; });
  return places;
}

void tell_sizes(const SegmentFindings& findings, std::vector<std::string>& sentences) {
  const Groups& groups = findings.groups;
  const std::vector<std::size_t> places = by_size(groups.list);
  Index described = 0;
  for (const std::size_t place : places) described += groups.list[place].customers;
  const std::string of = described < groups.customers ? fmt::format("{} of ", described) : "";
  sentences.push_back(fmt::format("{}{} are in {}.", of, counted(groups.customers, "customer"),
                                  counted(std::ssize(places), "segment")));
  if (places.empty()) {
    sentences.back() = fmt::format("{} are described together, since no segment has enough of them.",
                                   counted(groups.customers, "customer"));
    return;
  }
  const Group& largest = groups.list[places.front()];
  sentences.back() +=
      fmt::format(" The largest, {}, has {} of them ({}).", largest.name, largest.customers,
                  share_text(static_cast<double>(largest.customers), static_cast<double>(groups.customers)));
}

void tell_money(const SegmentFindings& findings, std::vector<std::string>& sentences) {
  if (findings.money.empty() || !findings.money.back() || *findings.money.back() <= 0) return;
  const double all = *findings.money.back();
  std::size_t best = findings.groups.list.size();
  double most = 0;
  for (const std::size_t place : by_size(findings.groups.list)) {
    if (!findings.money[place]) continue;
    const double each = *findings.money[place] / static_cast<double>(findings.groups.list[place].customers);
    if (best < findings.groups.list.size() && each <= most) continue;
    best = place;
    most = each;
  }
  if (best == findings.groups.list.size()) return;
  const Group& group = findings.groups.list[best];
  sentences.push_back(fmt::format(
      "Of the segments, {} has the most money per customer: {} of the customers bring {} of the money.", group.name,
      share_text(static_cast<double>(group.customers), static_cast<double>(findings.groups.customers)),
      share_text(*findings.money[best], all)));
}

/// "a, b and 2 others".
std::string names_of(const std::vector<std::string>& names) {
  constexpr std::size_t most = 3;
  std::string text = names.front();
  const std::size_t named = std::min(names.size(), most);
  for (std::size_t name = 1; name < named; ++name) text += (name + 1 == names.size() ? " and " : ", ") + names[name];
  if (names.size() > most) text += " and " + counted(std::ssize(names) - static_cast<std::ptrdiff_t>(most), "other");
  return text;
}

void tell_fit(const SegmentFindings& findings, std::vector<std::string>& sentences) {
  if (!findings.cohesion) return;
  const GroupCohesion& all = findings.cohesion->of_group.back();
  if (all.doubtful) {
    sentences.push_back(
        fmt::format("{} ({}) {} almost as near to another segment as to their own.", counted(*all.doubtful, "customer"),
                    share_text(static_cast<double>(*all.doubtful), static_cast<double>(findings.groups.customers)),
                    verb(*all.doubtful, "is", "are")));
  }
  std::vector<std::string> unstable;
  Index known = 0;
  for (std::size_t group = 0; group < findings.groups.list.size(); ++group) {
    const auto& stability = findings.cohesion->of_group[group].stability;
    known += stability ? 1 : 0;
    if (stability && *stability < least_stability) unstable.push_back(findings.groups.list[group].name);
  }
  if (!unstable.empty()) {
    sentences.push_back(fmt::format("Another sample of customers may not have {} (stability below {}).",
                                    names_of(unstable), least_stability));
  } else if (known > 0) {
    sentences.push_back(
        fmt::format("Other samples of customers have the same segments (stability of at least {}).", least_stability));
  }
}

/// Customers of segments that match, as far as they are printed.
void tell_stayed(const Changes& changes, std::vector<std::string>& sentences) {
  const Migration& migration = changes.migration;
  Index stayed = 0;
  bool is_whole = true;
  for (std::size_t row = 0; row < migration.rows; ++row) {
    if (migration.match[row] < 0) continue;
    const auto& customers = migration.at(row, static_cast<std::size_t>(migration.match[row])).customers;
    is_whole = is_whole && customers;
    stayed += customers.value_or(0);
  }
  if (stayed == 0) return;
  const std::string text =
      fmt::format("{} of last quarter's {} ({}) are in the segment that matches their last one.", stayed,
                  counted(changes.customers_before, "customer"),
                  share_text(static_cast<double>(stayed), static_cast<double>(changes.customers_before)));
  sentences.push_back(is_whole ? text : "At least " + text);
}

void tell_new_and_lost(const SegmentFindings& findings, const Changes& changes, std::vector<std::string>& sentences) {
  const Migration& migration = changes.migration;
  const auto& lost = migration.at(migration.rows, migration.columns + 1).customers;
  const auto& joined = migration.at(migration.rows + 1, migration.columns).customers;
  if (lost) {
    sentences.push_back(fmt::format(
        "{} of last quarter's {} ({}) {} no longer there.", *lost, counted(changes.customers_before, "customer"),
        share_text(static_cast<double>(*lost), static_cast<double>(changes.customers_before)),
        verb(*lost, "is", "are")));
  }
  if (joined) {
    sentences.push_back(fmt::format("{} {} new.", counted(*joined, "customer"), verb(*joined, "is", "are")));
  }
  if (!changes.sleeping.empty() && changes.sleeping.back()) {
    const Index sleeping = *changes.sleeping.back();
    sentences.push_back(
        fmt::format("{} of both quarters {} ordered nothing since last quarter ended ({} of all).",
                    counted(sleeping, "customer"), verb(sleeping, "has", "have"),
                    share_text(static_cast<double>(sleeping), static_cast<double>(findings.groups.customers))));
  }
}

/// The move between segments that do not match with the most customers.
void tell_largest_move(const SegmentFindings& findings, const Changes& changes, std::vector<std::string>& sentences) {
  const Migration& migration = changes.migration;
  const MigrationCell* largest = nullptr;
  std::size_t to = 0;
  std::size_t from = 0;
  for (std::size_t row = 0; row < migration.rows; ++row) {
    for (std::size_t column = 0; column < migration.columns; ++column) {
      const MigrationCell& cell = migration.at(row, column);
      const bool stays = migration.match[row] == static_cast<std::ptrdiff_t>(column) ||
                         findings.groups.list[row].kind != GroupKind::segment ||
                         changes.before[column].kind != GroupKind::segment;
      if (stays || !cell.customers || (largest != nullptr && *cell.customers <= *largest->customers)) continue;
      largest = &cell;
      to = row;
      from = column;
    }
  }
  if (largest == nullptr) return;
  std::string text =
      fmt::format("The largest move: {} went from {} (last quarter) to {} (now).",
                  counted(*largest->customers, "customer"), changes.before[from].name, findings.groups.list[to].name);
  if (largest->money_before && largest->money_now) {
    text += fmt::format(" Their money was {:.2f} last quarter and is {:.2f} now.", *largest->money_before,
                        *largest->money_now);
  }
  sentences.push_back(text);
}

void tell_drift(const Drift& drift, std::vector<std::string>& sentences) {
  constexpr double shifted = 0.25;
  Index others = 0;
  for (const ColumnDrift& column : drift.columns) {
    if (!(column.stability_index > shifted && column.p_adjusted <= 0.05)) {
      ++others;
      continue;
    }
    std::string text = fmt::format("{} has shifted (stability index {:.2f}, adjusted p {:.2g})", column.name,
                                   column.stability_index, column.p_adjusted);
    if (column.median_before && column.median_now)
      text += fmt::format(": its median was {:.6g} and is {:.6g}", *column.median_before, *column.median_now);
    sentences.push_back(text + ".");
  }
  if (others > 0) {
    sentences.push_back(fmt::format("{} {} a stability index of at most {} or no shift that chance does not explain.",
                                    counted(others, "column"), verb(others, "has", "have"), shifted));
  }
}

/// "36.0% have bought items with category = toys".
std::string what_they_have(const SegmentReason& reason) {
  const std::string& value = reason.attribute->values[reason.cell->value];
  const std::string share = percent(reason.cell->inside.rate());
  switch (reason.attribute->kind) {
    case AttributeKind::item:
      return fmt::format("{} have item {}", share, value);
    case AttributeKind::item_category:
      return fmt::format("{} have items with {} = {}", share, reason.attribute->name, value);
    case AttributeKind::category:
      return fmt::format("{} have {} = {}", share, reason.attribute->name, value);
    case AttributeKind::number:
      return fmt::format("{} have {} {}", share, reason.attribute->name, value);
  }
  return share;
}

}  // namespace

std::string reason_sentence(const SegmentReason& reason) {
  const LiftCell& cell = *reason.cell;
  return fmt::format("{}; elsewhere {}: {:.2f} times as often (95% interval {:.2f} to {:.2f}).", what_they_have(reason),
                     percent(cell.outside.rate()), cell.lift.ratio, cell.lift.interval.low, cell.lift.interval.high);
}

std::vector<std::string> overview_sentences(const SegmentFindings& findings) {
  std::vector<std::string> sentences;
  tell_sizes(findings, sentences);
  tell_money(findings, sentences);
  tell_fit(findings, sentences);
  if (!findings.changes) return sentences;
  tell_stayed(*findings.changes, sentences);
  tell_new_and_lost(findings, *findings.changes, sentences);
  tell_largest_move(findings, *findings.changes, sentences);
  if (findings.changes->drift) tell_drift(*findings.changes->drift, sentences);
  return sentences;
}

}  // namespace rankwise
