#include "jobs/cleaning/clean_log.hpp"

#include <fmt/format.h>
#include <string>

#include "distributed/cleaning/implausible.hpp"
#include "distributed/cleaning/value_rules.hpp"
#include "kernels/text/counted.hpp"

namespace rankwise {

namespace {

constexpr Index usual_min_rows = 10;

void apply_cancellations(const Communicator& comm, Unmatched unmatched, RuleLog& log, RowAccount& account) {
  const CancellationCounts mine = match_cancellations(log, unmatched);
  const Index all = comm.sum(mine.cancellations);
  const Index matched = comm.sum(mine.matched);
  const Index partly = comm.sum(mine.partly_matched);
  const Index alone = comm.sum(mine.unmatched);
  const Index gone = comm.sum(mine.purchases_gone);
  const Index less = comm.sum(mine.purchases_less);
  account.take(rule_name(RowRule::cancellations), matched + gone, less,
               fmt::format("{}: {} matched, {} in part, {} unmatched; {} taken back whole, {} in part",
                           counted(all, "cancellation"), matched, partly, alone, counted(gone, "purchase"), less));
  const bool drops = unmatched == Unmatched::drop;
  account.take(rule_name(RowRule::unmatched_cancellations), drops ? partly + alone : 0, drops ? 0 : partly,
               drops ? "dropped" : "kept");
}

std::string bounds_text(const OutlierRule& rule, Index min_rows, const OutlierCounts& counts) {
  if (rule.scope == OutlierRule::Scope::all_values) {
    if (!counts.bounds) return "no spread: half of the values or more are equal, so that none is an outlier";
    return fmt::format("values from {:.6g} to {:.6g} are kept", counts.bounds->least, counts.bounds->most);
  }
  return fmt::format("{} with bounds; left alone: {} with fewer than {} rows, {} without spread",
                     counted(counts.bounded_items, "item"), counts.small_items, min_rows, counts.even_items);
}

void apply_outliers(const Communicator& comm, const CleaningOptions& options, RuleLog& log, RowAccount& account) {
  const Index min_rows = options.outlier_min_rows.value_or(usual_min_rows);
  for (std::size_t r = 0; r < options.outliers.size(); ++r) {
    const OutlierRule& rule = options.outliers[r];
    const OutlierCounts counts = treat_outliers(comm, rule, min_rows, log);
    const bool drops = rule.action == OutlierRule::Action::drop;
    account.take(fmt::format("{} {}", rule_name(RowRule::outliers), options.outlier_words[r]),
                 drops ? counts.outliers : 0, drops ? 0 : counts.outliers, bounds_text(rule, min_rows, counts));
  }
}

void apply_implausible(const Communicator& comm, const CleaningOptions& options, RuleLog& log, RowAccount& account) {
  const auto take = [&](RowRule rule, std::string_view thing, const ImplausibleCounts& counts) {
    account.take(rule_name(rule), comm.sum(counts.rows), 0, counted(counts.users_or_items, thing));
  };
  if (options.max_user_count) {
    take(RowRule::max_user_count, "user", drop_users_of_many_items(comm, *options.max_user_count, log));
  }
  if (options.max_events_per_day) {
    take(RowRule::max_events_per_day, "user", drop_users_of_busy_days(comm, *options.max_events_per_day, log));
  }
  if (options.max_catalogue_share) {
    take(RowRule::max_catalogue_share, "user", drop_users_of_catalogue(comm, *options.max_catalogue_share, log));
  }
  if (options.max_item_share) {
    take(RowRule::max_item_share, "item", drop_items_of_all(comm, *options.max_item_share, log));
  }
}

}  // namespace

void clean_log(JobContext& context, const CleaningOptions& options, RuleLog& log, RowAccount& account) {
  const auto timer = context.report.phase("clean");
  const Communicator& comm = context.comm;
  if (options.exact_repeats == ExactRepeats::drop) {
    account.take(rule_name(RowRule::exact_repeats), comm.sum(drop_exact_repeats(log)));
  }
  if (options.cancellations == Cancellations::match) {
    apply_cancellations(comm, options.unmatched.value_or(Unmatched::drop), log, account);
  }
  apply_outliers(comm, options, log, account);
  apply_implausible(comm, options, log, account);
}

}  // namespace rankwise
