#include "jobs/data/row_rules.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>
#include <vector>

#include "distributed/cleaning/rule_log.hpp"
#include "distributed/log/k_core.hpp"
#include "distributed/log/orders.hpp"
#include "distributed/log/select_part.hpp"
#include "jobs/cleaning/clean_log.hpp"
#include "jobs/data/log_split.hpp"
#include "kernels/text/counted.hpp"

namespace rankwise {

namespace {

/// Drops users and items with fewer interactions, with their ids. Collective.
DroppedCounts drop_rows(const Communicator& comm, Index min_user_count, Index min_item_count, IndexedLog& log) {
  KeptRows kept;
  const DroppedCounts counts = keep_k_core(comm, log.events, min_user_count, min_item_count, kept);
  log.users = select_ids(comm, log.users, kept.users);
  const RowRange held = log.items.rows;
  std::vector<Index> local_items;
  for (const Index item : kept.items) {
    if (held.contains(item)) local_items.push_back(item - held.begin);
  }
  log.items = select_ids(comm, log.items, local_items);
  return counts;
}

}  // namespace

MergeRules merge_rules(const Communicator& comm, const PrepareOptions& options, const LogPlan& plan,
                       const UserEvents& events) {
  const DuplicatePolicy by_default = plan.additive() ? DuplicatePolicy::sum : DuplicatePolicy::last;
  MergeRules rules{.duplicates = options.duplicates.value_or(by_default), .repeats = options.repeats};
  const bool is_negative = std::ranges::any_of(events.events, [](const Event& event) { return event.value < 0; });
  const bool any_negative = comm.max(is_negative ? 1 : 0) > 0;
  if (options.min_total.kind == TotalBound::Kind::given) rules.min_total = options.min_total.value;
  if (options.min_total.kind == TotalBound::Kind::automatic && any_negative) rules.min_total = above_zero;
  if (rules.min_total && !transforms_after_split(options.cleaning.transforms).empty()) {
    throw AgreedError(ExitCode::usage,
                      "--transform centre: the log has negative values, of which --min-total auto keeps no total; "
                      "expected --min-total none");
  }
  return rules;
}

void require_rows(const Communicator& comm, Index local_rows, std::string_view reason) {
  const Index rows = comm.sum(local_rows);
  agree_on(comm, [&] {
    if (rows == 0) throw Error(ExitCode::bad_data, fmt::format("no interactions are left: {}", reason));
  });
}

void clean(JobContext& context, const CleaningOptions& options, IndexedLog& indexed, InteractionLog& log,
           CleaningReport& report) {
  RuleLog rows{indexed.events, std::move(indexed.quantities), log.rejected, std::move(indexed.orders)};
  clean_log(context, options, rows, report.account);
  indexed.lines = order_lines(indexed.events, std::exchange(rows.orders, {}));
  transform_log(context, transforms_before_split(options.transforms), log, rows, report.account);
  const DroppedCounts emptied = drop_rows(context.comm, 1, 1, indexed);
  if (emptied.users + emptied.items > 0) {
    context.report.line(
        fmt::format("{} and {} have no row left", counted(emptied.users, "user"), counted(emptied.items, "item")));
  }
  require_rows(context.comm, std::ssize(indexed.events.events), "the rules take all of them");
}

void keep_k_core_rows(JobContext& context, const PrepareOptions& options, IndexedLog& log, RejectedRows& rejected,
                      RowAccount& account) {
  const auto timer = context.report.phase("rare users and items");
  const DropWatch watch(log.events, rejected);
  const DroppedCounts counts = drop_rows(context.comm, options.min_user_count, options.min_item_count, log);
  watch.finish(log.events, RowRule::k_core, rejected);
  for (std::size_t round = 0; round < counts.rows_of_rounds.size(); ++round) {
    account.take(fmt::format("{} round {}", rule_name(RowRule::k_core), round + 1), counts.rows_of_rounds[round]);
  }
  if (counts.rows_of_rounds.empty()) account.take(rule_name(RowRule::k_core), 0);
  tell_k_core(context.report, counts);
}

void refuse_totals(const Communicator& comm, const RefusedParts& mine, IndexedLog& log, RefusedTotals& refused) {
  const RefusedParts all{comm.sum(mine.training), comm.sum(mine.heldout)};
  if (all.training + all.heldout == 0) return;
  refused.parts.training += all.training;
  refused.parts.heldout += all.heldout;
  const DroppedCounts lost = drop_rows(comm, 1, 1, log);
  refused.users += lost.users;
  refused.items += lost.items;
}

void find_interactions(JobContext& context, const PrepareOptions& options, const MergeRules& rules, IndexedLog& log,
                       RefusedTotals& refused, RejectedRows& rejected, RowAccount& account) {
  const DropWatch watch(log.events, rejected);
  refuse_totals(context.comm, {.training = mark_interactions(log.events, rules, unit_of(options.split.kind))}, log,
                refused);
  const Index dropped = context.comm.sum(watch.finish(log.events, RowRule::min_total, rejected));
  if (rules.min_total) account.take(rule_name(RowRule::min_total), dropped);
  require_rows(context.comm, std::ssize(log.events.events), "--min-total drops all of them");
}

}  // namespace rankwise
