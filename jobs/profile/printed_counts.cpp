#include "jobs/profile/printed_counts.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "kernels/statistics/suppression.hpp"

namespace rankwise {

namespace {

/// Counts of customers, in parts that are one behind the other: each part divides the same customers in another way.
class CustomerFlow {
 public:
  /// Between two nodes, of `count` customers. A count of nobody is printed, since warnings and their absence say it,
  /// too.
  std::size_t add(std::size_t from, std::size_t to, Index count) {
    cells_.push_back({from, to, count, count, count == 0 ? Disclosure::published : Disclosure::open});
    return cells_.size() - 1;
  }
  /// A class or segment: that of nobody is not printed if anything is hidden.
  std::size_t add_group(std::size_t from, std::size_t to, Index count) {
    cells_.push_back({from, to, count, count, Disclosure::open});
    return cells_.size() - 1;
  }
  /// A count that is not printed, but that others may give back.
  void add_unprinted(std::size_t from, std::size_t to, Index count) {
    cells_.push_back({from, to, count, count, is_few(count) ? Disclosure::open : Disclosure::complement});
  }
  void publish(std::size_t cell) { cells_[cell].state = Disclosure::published; }
  /// Of a count that would give a small one back.
  void hide(std::size_t cell) {
    if (cells_[cell].state == Disclosure::published) return;
    cells_[cell].state = Disclosure::hidden;
    cells_[cell].protection = least_printed;
  }
  [[nodiscard]] std::size_t new_node() { return nodes_++; }

  void protect() {
    hide_small_counts(cells_, least_printed);
    hides_ = std::ranges::any_of(cells_, [](const TableCell& cell) { return cell.state == Disclosure::hidden; });
    is_safe_ = hide_complements(cells_) == 0;
  }
  [[nodiscard]] bool hides() const { return hides_; }
  [[nodiscard]] PrintedCount printed(std::size_t cell) const {
    const TableCell& counted = cells_[cell];
    if (!hides_) return counted.value;
    const bool is_shown = is_printed(counted.state) && (is_safe_ || counted.value == 0);
    return is_shown ? PrintedCount(counted.value) : std::nullopt;
  }

 private:
  std::vector<TableCell> cells_;
  std::size_t nodes_ = 0;
  bool hides_ = false;
  bool is_safe_ = true;
};

struct ModelCells {
  std::size_t customers = 0;
  std::size_t repeaters = 0;
  std::size_t with_value = 0;
  std::size_t without_value = 0;
};

/// Customers who bought once, and repeaters, with and without value.
ModelCells add_model(CustomerFlow& flow, std::size_t from, std::size_t to, const LifetimeModels& models) {
  const std::size_t repeaters = flow.new_node();
  ModelCells cells;
  flow.add_unprinted(from, to, models.purchases.customers - models.purchases.repeaters);
  cells.repeaters = flow.add(from, repeaters, models.purchases.repeaters);
  cells.with_value = flow.add(repeaters, to, models.values.customers);
  cells.without_value = flow.add(repeaters, to, models.without_value);
  return cells;
}

/// As add_model(), of the customers until --calibrate-at; those who came later are beside them.
ModelCells add_model_then(CustomerFlow& flow, std::size_t from, std::size_t to, const CustomerValue& value) {
  const LifetimeModels& then = *value.models_then;
  const std::size_t old = flow.new_node();
  const std::size_t customers = flow.add(from, old, then.purchases.customers);
  flow.add_unprinted(from, to, value.models.purchases.customers - then.purchases.customers);
  ModelCells cells = add_model(flow, old, to, then);
  cells.customers = customers;
  if (is_few(value.models.purchases.repeaters - then.purchases.repeaters)) flow.hide(cells.repeaters);
  return cells;
}

PrintedModel printed_model(const CustomerFlow& flow, const ModelCells& cells) {
  return {flow.printed(cells.customers), flow.printed(cells.repeaters), flow.printed(cells.with_value),
          flow.printed(cells.without_value)};
}

bool is_complete(const PrintedModel& model) {
  return model.customers && model.repeaters && model.with_value && model.without_value;
}

std::vector<Index> sizes_of(const RfmScores& rfm) {
  std::vector<Index> sizes;
  for (const SegmentSize& segment : rfm.segments) sizes.push_back(segment.customers);
  sizes.push_back(rfm.without_segment);
  return sizes;
}

/// Whether the classes of a score overlap with segments.
bool is_in_rules(const RfmScores& rfm, std::size_t score) {
  return !rfm.segments.empty() && rfm.in_rules[score];
}

enum class OverlappingClasses { counted, left_out };

/// The places of all counts in the flow.
struct CountCells {
  std::size_t customers = 0;
  std::size_t only_returns = 0;
  std::size_t without_purchase = 0;
  std::vector<std::vector<std::size_t>> classes;
  std::vector<std::size_t> segments;
  ModelCells model;
  ModelCells model_then;
};

/// Users are customers and others. Returns the node from which customers go on.
std::size_t add_users(CustomerFlow& flow, const CountedUsers& users, std::size_t end, CountCells& cells) {
  const std::size_t all = flow.new_node();
  const std::size_t others = flow.new_node();
  const std::size_t begin = flow.new_node();
  flow.publish(flow.add(end, all, users.users));
  cells.customers = flow.add(all, begin, users.customers);
  cells.without_purchase = flow.add(all, others, users.users - users.customers);
  cells.only_returns = flow.add(others, end, users.only_returns);
  flow.add_unprinted(others, end, users.users - users.customers - users.only_returns);
  return begin;
}

/// Returns the node behind.
std::size_t add_groups(CustomerFlow& flow, std::size_t from, const std::vector<Index>& counts,
                       std::vector<std::size_t>& cells) {
  const std::size_t to = flow.new_node();
  for (const Index count : counts) cells.push_back(flow.add_group(from, to, count));
  return to;
}

std::size_t add_rfm(CustomerFlow& flow, std::size_t last, const RfmScores& rfm, OverlappingClasses overlapping,
                    CountCells& cells) {
  for (std::size_t score = 0; score < rfm.scores.size(); ++score) {
    cells.classes.emplace_back();
    if (is_in_rules(rfm, score) && overlapping == OverlappingClasses::left_out) continue;
    std::vector<Index> counts;
    for (const ClassBounds& each : rfm.scores[score].classes.classes) counts.push_back(each.count);
    last = add_groups(flow, last, counts, cells.classes.back());
  }
  return rfm.segments.empty() ? last : add_groups(flow, last, sizes_of(rfm), cells.segments);
}

std::size_t add_models(CustomerFlow& flow, std::size_t last, const CustomerValue& value, CountCells& cells) {
  const std::size_t behind = flow.new_node();
  cells.model = add_model(flow, last, behind, value.models);
  cells.model.customers = cells.customers;
  if (!value.models_then) return behind;
  const std::size_t behind_then = flow.new_node();
  cells.model_then = add_model_then(flow, behind, behind_then, value);
  return behind_then;
}

PrintedCounts printed_cells(const CustomerFlow& flow, const CountCells& cells, const CustomerValue* value) {
  PrintedCounts printed;
  printed.customers = flow.printed(cells.customers);
  printed.only_returns = flow.printed(cells.only_returns);
  printed.without_purchase = flow.printed(cells.without_purchase);
  for (const std::vector<std::size_t>& classes : cells.classes) {
    printed.classes.emplace_back();
    for (std::size_t place = 0; place < classes.size(); ++place)
      printed.classes.back()[place] = flow.printed(classes[place]);
  }
  for (const std::size_t segment : cells.segments) printed.segments.push_back(flow.printed(segment));
  if (value != nullptr) printed.model = printed_model(flow, cells.model);
  if (value != nullptr && value->models_then) {
    printed.model_then = printed_model(flow, cells.model_then);
    printed.has_calibration_counts = is_complete(printed.model_then);
  }
  return printed;
}

struct Solution {
  PrintedCounts printed;
  bool hides = false;
};

Solution solve(const CountedUsers& users, const RfmScores* rfm, const CustomerValue* value,
               OverlappingClasses overlapping) {
  CustomerFlow flow;
  CountCells cells;
  const std::size_t end = flow.new_node();
  std::size_t last = add_users(flow, users, end, cells);
  if (rfm != nullptr) last = add_rfm(flow, last, *rfm, overlapping, cells);
  if (value != nullptr) last = add_models(flow, last, *value, cells);
  flow.add_unprinted(last, end, users.customers);
  flow.protect();
  return {printed_cells(flow, cells, value), flow.hides()};
}

}  // namespace

PrintedCounts printed_counts(const CountedUsers& users, const RfmScores* rfm, const CustomerValue* value) {
  const bool has_segments = rfm != nullptr && !rfm->segments.empty();
  if (!has_segments || rfm->smallest_cell >= least_printed) {
    Solution all = solve(users, rfm, value, OverlappingClasses::counted);
    if (!has_segments || !all.hides) return std::move(all.printed);
  }
  return solve(users, rfm, value, OverlappingClasses::left_out).printed;
}

std::string number_text(const PrintedCount& printed, Index count) {
  if (printed) return fmt::format("{}", *printed);
  return is_few(count) ? fmt::format("fewer than {}", least_printed) : std::string("some");
}

std::variant<Index, double, std::string> count_field(const PrintedCount& printed) {
  if (printed) return *printed;
  return std::numeric_limits<double>::quiet_NaN();
}

nlohmann::ordered_json count_json(const PrintedCount& printed) {
  if (printed) return *printed;
  return nullptr;
}

}  // namespace rankwise
