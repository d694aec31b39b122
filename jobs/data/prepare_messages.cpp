#include "jobs/data/prepare_messages.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "distributed/rows/id_variants.hpp"
#include "io/dataset/split_attributes.hpp"
#include "jobs/run/split_report.hpp"
#include "kernels/text/counted.hpp"
#include "kernels/text/shown_text.hpp"
#include "kernels/text/utc_text.hpp"

namespace rankwise {

namespace {

/// "2 without user, 1 without value": what is not zero.
std::string missing_text(const MissingCounts& missing) {
  const std::array<std::pair<Index, std::string_view>, 8> kinds{{{missing.user, "user"},
                                                                 {missing.item, "item"},
                                                                 {missing.value, "value"},
                                                                 {missing.time, "time"},
                                                                 {missing.fold, "fold"},
                                                                 {missing.split, "split"},
                                                                 {missing.order, "order"},
                                                                 {missing.event, "event"}}};
  std::string text;
  for (const auto& [count, what] : kinds) {
    if (count > 0) text += fmt::format("{}{} without {}", text.empty() ? "" : ", ", count, what);
  }
  return text;
}

std::string bound_text(double min_total) {
  return min_total == above_zero ? std::string("not above 0") : fmt::format("below {}", min_total);
}

void tell_repeats(Report& report, Index repeated, Index heldout, Repeats rule) {
  const bool drops = rule == Repeats::drop;
  const Index all = heldout + (drops ? repeated : 0);
  report.line(fmt::format("{} of {} ({}) {} in training too: {}", repeated, counted(all, "held-out pair"),
                          percent(static_cast<double>(repeated) / static_cast<double>(all)),
                          verb(repeated, "is", "are"),
                          drops ? "not held out (--repeats keep holds them out)" : "held out (--repeats keep)"));
}

void tell_validation(const Communicator& comm, Report& report, const Dataset& dataset, const SplitOutcome& outcome) {
  const auto& [last_training_seconds, repeated, refused, rows] = *outcome.validation;
  const Index validated = comm.sum(dataset.validation->interactions.by_user.entries());
  const auto& given = dataset.validation->given;
  report.line(fmt::format("{} in the validation part, off the training part", counted(validated, "interaction")));
  if (given) {
    report.line(fmt::format("its users are validated whole; {} of their interactions are given for fold-in",
                            comm.sum(given->by_user.entries())));
  }
  if (last_training_seconds) {
    report.line(fmt::format("the cut of the validation part is after {} (UTC)", utc_text(*last_training_seconds)));
  }
  if (repeated > 0) {
    report.line(fmt::format("{} of the validation part {} in training too: {}", counted(repeated, "pair"),
                            verb(repeated, "is", "are"),
                            dataset.rules.repeats == Repeats::drop ? "left out of it (--repeats keep keeps them)"
                                                                   : "kept in it (--repeats keep)"));
  }
  if (refused.training + refused.heldout > 0) {
    report.line(fmt::format("--min-total: {} of training and {} of validation {} no interaction once the two are apart",
                            refused.training, refused.heldout,
                            verb(refused.training + refused.heldout, "makes", "make")));
  }
  tell_split_figures(report, outcome.validation_figures, SplitPart::validation);
  if (validated == 0) {
    report.warning(
        "--validation takes nothing, so that als has nothing to validate with; choose a larger one, or none");
  }
}

}  // namespace

void tell_read(Report& report, Index rows, const MissingCounts& missing, Index repeated_headers) {
  report.line(fmt::format("{} read", counted(rows, "row")));
  const Index skipped = missing.user + missing.item + missing.value + missing.time + missing.fold + missing.split +
                        missing.order + missing.event;
  if (skipped > 0) report.line(fmt::format("{} skipped: {}", counted(skipped, "row"), missing_text(missing)));
  report.event("read", {{"rows", rows},
                        {"missing_user", missing.user},
                        {"missing_item", missing.item},
                        {"missing_value", missing.value},
                        {"missing_time", missing.time},
                        {"missing_fold", missing.fold},
                        {"missing_split", missing.split},
                        {"missing_order", missing.order},
                        {"missing_event", missing.event},
                        {"repeated_headers", repeated_headers}});
  if (repeated_headers > 0) {
    report.warning(fmt::format("{} inside the input {} the header of the file: passed over",
                               counted(repeated_headers, "line"), verb(repeated_headers, "repeats", "repeat")));
  }
}

void tell_filtered(Report& report, const RowFilter& filter, const FilteredCounts& counts) {
  if (filter.condition) report.line(fmt::format("{} dropped by --where", counted(counts.condition, "row")));
  if (filter.has_period()) {
    report.line(fmt::format("{} dropped: {}", counted(counts.period, "row"),
                            !filter.until_microseconds   ? "before --since"
                            : !filter.since_microseconds ? "of --until or later"
                                                         : "before --since, or of --until or later"));
  }
  if (filter.event_weights) report.line(fmt::format("{} dropped: event of weight 0", counted(counts.event, "row")));
  if (!filter.condition && !filter.has_period() && !filter.event_weights) return;
  report.event(
      "filtered",
      {{"condition_dropped", counts.condition}, {"period_dropped", counts.period}, {"event_dropped", counts.event}});
}

void tell_variants(const Communicator& comm, Report& report, std::string_view role, const IdRows& ids,
                   const std::function<std::string(std::string_view)>& name_of) {
  for (const IdVariants& found : find_id_variants(comm, ids)) {
    report.warning(fmt::format("{} {} id{} differ{} from another only {}, for example {} and {}", found.ids, role,
                               found.ids == 1 ? "" : "s", found.ids == 1 ? "s" : "", difference_text(found.difference),
                               shown(name_of(found.first)), shown(name_of(found.second))));
  }
}

void tell_orders(Report& report, std::optional<Index> ids, Index orders, Index rows) {
  const Index different_ids = ids.value_or(orders);
  report.line(fmt::format("{} in {}", counted(orders, "order"), counted(rows, "row")));
  if (different_ids < orders) {
    report.line(fmt::format("{} of orders: if an id has rows of several users, each of them has an order",
                            counted(different_ids, "different id")));
  }
  report.event("orders", {{"orders", orders}, {"ids", different_ids}, {"rows", rows}});
}

void tell_stored_orders(const Communicator& comm, Report& report, const Orders& orders) {
  const Index lines = comm.sum(orders.lines.entries());
  report.line(
      fmt::format("{} with {} in the dataset", counted(orders.lines.total_rows, "order"), counted(lines, "row")));
  report.event("stored_orders", {{"orders", orders.lines.total_rows}, {"rows", lines}});
}

void tell_period(Report& report, const Period& period) {
  report.line(
      fmt::format("the log is from {} to {} (UTC)", utc_text(period.first_seconds), utc_text(period.last_seconds)));
  report.event("period", {{"first", period.first_seconds}, {"last", period.last_seconds}});
}

void warn_of_cold_items(Report& report, std::string_view option) {
  report.warning(
      fmt::format("{} items: items that are held out have no training; only a model that knows features of "
                  "items can rank them",
                  option));
}

void tell_folds(Report& report, std::string_view rule, const std::vector<Index>& interactions) {
  const auto [smallest, largest] = std::ranges::minmax(interactions);
  const Index empty = std::ranges::count(interactions, Index{0});
  report.line(fmt::format("--folds {}: {}, of {} to {} interactions", rule, counted(std::ssize(interactions), "fold"),
                          smallest, largest));
  report.event("folds",
               {{"folds", std::ssize(interactions)}, {"smallest", smallest}, {"largest", largest}, {"empty", empty}});
  if (empty == 0) return;
  const auto first = std::ranges::find(interactions, Index{0}) - interactions.begin();
  report.warning(
      fmt::format("--folds {}: {} without interactions, the first of them is {}", rule, counted(empty, "fold"), first));
}

void tell_duplicates(Report& report, const DuplicateCounts& counts, DuplicatePolicy policy) {
  if (counts.repeated > 0) {
    report.line(fmt::format("{} {} the user and item of an earlier row ({} of them exactly): merged by {}",
                            counted(counts.repeated, "row"), verb(counts.repeated, "repeats", "repeat"), counts.exact,
                            duplicates_name(policy)));
  }
  report.event("duplicates", {{"repeated_pairs", counts.repeated},
                              {"exact_duplicates", counts.exact},
                              {"policy", std::string(duplicates_name(policy))}});
}

void tell_refused(Report& report, const TotalBound& bound, double min_total, const RefusedTotals& refused) {
  const auto& [training, heldout] = refused.parts;
  report.event("min_total", {{"min_total", min_total},
                             {"training_dropped", training},
                             {"heldout_dropped", heldout},
                             {"users_dropped", refused.users},
                             {"items_dropped", refused.items}});
  const Index dropped = training + heldout;
  if (dropped == 0) return;
  std::string text = fmt::format("{} dropped because {} total is {}", counted(dropped, "interaction"),
                                 verb(dropped, "its", "their"), bound_text(min_total));
  if (heldout > 0) text += fmt::format(", {} of them from the held-out part", heldout);
  if (refused.users + refused.items > 0) {
    std::string emptied;
    if (refused.users > 0) emptied = counted(refused.users, "user");
    if (refused.items > 0) emptied += (emptied.empty() ? "" : " and ") + counted(refused.items, "item");
    text += fmt::format("; {} {} none left", emptied, verb(refused.users + refused.items, "has", "have"));
  }
  if (bound.kind == TotalBound::Kind::automatic) {
    report.warning(text + " (the log has negative values; --min-total none keeps them)");
  } else {
    report.line(text);
  }
}

void tell_k_core(Report& report, const DroppedCounts& counts) {
  report.line(fmt::format("{}, {} and {} dropped as rare, in {}", counted(counts.users, "user"),
                          counted(counts.items, "item"), counted(counts.events, "interaction"),
                          counted(counts.rounds, "round")));
  report.event("rare", {{"users_dropped", counts.users},
                        {"items_dropped", counts.items},
                        {"interactions_dropped", counts.events},
                        {"rounds", counts.rounds}});
}

void tell_sizes(const Communicator& comm, Report& report, const Dataset& dataset) {
  const Index interactions = comm.sum(dataset.interactions.entries());
  const Index heldout = comm.sum(dataset.heldout ? dataset.heldout->by_user.entries() : 0);
  const Index given = comm.sum(dataset.heldout_users ? dataset.heldout_users->given.entries() : 0);
  const Index heldout_users = dataset.heldout_users ? dataset.heldout_users->ids.total_rows : 0;
  const auto& validation = dataset.validation;
  const Index validated = comm.sum(validation ? validation->interactions.by_user.entries() : 0);
  const Index validation_given = comm.sum(validation && validation->given ? validation->given->by_user.entries() : 0);
  report.line(fmt::format("{}, {}, {}; {} held out", counted(dataset.users.total_rows, "user"),
                          counted(dataset.items.total_rows, "item"), counted(interactions, "interaction"), heldout));
  if (dataset.heldout_users) {
    report.line(fmt::format("{} held out whole; {} of their interactions {} given for fold-in",
                            counted(heldout_users, "user"), given, verb(given, "is", "are")));
  }
  report.event("dataset", {{"users", dataset.users.total_rows},
                           {"items", dataset.items.total_rows},
                           {"interactions", interactions},
                           {"heldout", heldout},
                           {"heldout_users", heldout_users},
                           {"given", given},
                           {"validation", validated},
                           {"validation_given", validation_given}});
  if (dataset.heldout && heldout == 0) {
    report.warning(
        "the split holds out nothing, so that evaluate has nothing to measure; choose a larger --split, or "
        "--split none");
  }
}

void tell_split(const Communicator& comm, Report& report, const Dataset& dataset, const SplitOutcome& outcome) {
  if (outcome.last_training_seconds) {
    report.line(
        fmt::format("the cut is after {} (UTC): what is later is held out", utc_text(*outcome.last_training_seconds)));
  }
  if (outcome.repeated > 0) {
    tell_repeats(report, outcome.repeated, comm.sum(dataset.heldout->by_user.entries()), dataset.rules.repeats);
  }
  tell_split_figures(report, outcome.figures, SplitPart::heldout);
  if (outcome.validation) tell_validation(comm, report, dataset, outcome);

  const std::vector<DatasetFigure> kept = figures_of(outcome, dataset.heldout.has_value());
  std::vector<std::string> names;
  for (const DatasetFigure& figure : kept) {
    names.push_back(figure.name);
    std::ranges::replace(names.back(), '-', '_');
  }
  std::vector<Field> fields;
  for (std::size_t f = 0; f < kept.size(); ++f) {
    std::visit([&](auto value) { fields.emplace_back(names[f], value); }, kept[f].value);
  }
  report.event("split", fields);
}

std::vector<DatasetFigure> figures_of(const SplitOutcome& outcome, bool holds_out) {
  std::vector<DatasetFigure> figures;
  if (outcome.period) {
    figures.push_back({"log-first-time", outcome.period->first_seconds});
    figures.push_back({"log-last-time", outcome.period->last_seconds});
  }
  if (outcome.orders) figures.push_back({"orders", *outcome.orders});
  if (outcome.last_training_seconds) figures.push_back({"last-training-time", *outcome.last_training_seconds});
  if (holds_out) {
    figures.push_back({"repeated-pairs", outcome.repeated});
    std::ranges::copy(split_attributes(SplitPart::heldout, outcome.figures), std::back_inserter(figures));
  }
  if (const auto& validation = outcome.validation) {
    if (validation->last_training_seconds) {
      figures.push_back({"validation-last-training-time", *validation->last_training_seconds});
    }
    figures.push_back({"validation-repeated-pairs", validation->repeated});
    std::ranges::copy(split_attributes(SplitPart::validation, outcome.validation_figures), std::back_inserter(figures));
  }
  return figures;
}

}  // namespace rankwise
