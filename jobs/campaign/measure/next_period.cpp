#include "jobs/campaign/measure/next_period.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <limits>
#include <utility>

#include "distributed/rows/partition.hpp"
#include "distributed/rows/values_at_rows.hpp"
#include "io/dataset/dataset_tables.hpp"
#include "jobs/campaign/measure/outcome_filters.hpp"
#include "jobs/profile/priced_orders.hpp"
#include "jobs/run/dataset_shelf.hpp"
#include "kernels/text/number_text.hpp"
#include "kernels/text/utc_text.hpp"

namespace rankwise {

namespace {

/// Of --margin. Collective.
std::vector<double> margin_shares(const JobContext& context, const MeasureOptions& options, Index items) {
  if (options.margin.empty()) return {};
  if (const std::optional<double> share = margin_share(options.margin))
    return std::vector<double>(static_cast<std::size_t>(items), *share);
  const DatasetTablesReader tables(context.comm, options.outcomes, context.common.input_check);
  const TableReader& table = required_items(tables, "--margin", options.outcomes);
  std::vector<double> shares = agree_on(context.comm, [&] { return table.numbers(options.margin, {0, table.rows()}); });
  const auto wrong = std::ranges::find_if(shares, [](double share) { return share > 1; });
  if (wrong != shares.end()) {
    throw AgreedError(ExitCode::bad_data, fmt::format("--margin {}: an item has {:g}; expected shares of at most 1",
                                                      options.margin, *wrong));
  }
  return shares;
}

void require_orders(const DatasetReader& dataset, const std::string& path) {
  const bool is_timed = dataset.log_times().first_seconds && dataset.log_times().last_seconds;
  if (dataset.has_orders() && is_timed) return;
  throw AgreedError(ExitCode::bad_data,
                    fmt::format("--outcomes {}: has no {}; expected a dataset of prepare of a log with times, with an "
                                "order column or --orders day",
                                path, dataset.has_orders() ? "times" : "orders"));
}

/// The campaign's time of each of this rank's users of the dataset: of listed ones their own.
std::vector<TimeWindow> windows_of(const JobContext& context, const NextPeriod& period, const CampaignList& list,
                                   const ListedCustomers& matched) {
  const CampaignTerms& terms = list.assignment.terms;
  std::vector<TimeWindow> windows(static_cast<std::size_t>(period.ids.rows.size()),
                                  {terms.start_microseconds, terms.end_microseconds()});
  if (context.comm.max(std::ssize(list.begin_microseconds)) == 0) return windows;
  const std::vector<std::int64_t> begins = values_at_rows<std::int64_t>(
      context.comm, matched.listed_of_row, list.assignment.ids.rows, list.begin_microseconds, terms.start_microseconds);
  const std::int64_t length = terms.end_microseconds() - terms.start_microseconds;
  for (std::size_t user = 0; user < windows.size(); ++user) windows[user] = {begins[user], begins[user] + length};
  return windows;
}

/// The same time before the campaign.
std::vector<TimeWindow> before(std::vector<TimeWindow> windows) {
  for (TimeWindow& window : windows) {
    const std::int64_t length = window.end_microseconds - window.begin_microseconds;
    window = {window.begin_microseconds - length, window.begin_microseconds};
  }
  return windows;
}

/// Throws if a customer's money is beyond what can be added. Collective.
CustomerOutcomes required_outcomes(const JobContext& context, const NextPeriod& period,
                                   const std::vector<TimeWindow>& windows) {
  return agree_on(context.comm, [&] {
    std::optional<CustomerOutcomes> outcomes = outcomes_in(period.orders, windows, period.margin_shares);
    if (outcomes) return *std::move(outcomes);
    throw Error(ExitCode::bad_data,
                fmt::format("{}: the values of a customer's orders add up to more than {:g}, or are no numbers; "
                            "expected smaller values",
                            period.file, most_money));
  });
}

void require_overlap(const NextPeriod& period, const CampaignList& list, Index found) {
  const CampaignTerms& terms = list.assignment.terms;
  if (found == 0) {
    throw AgreedError(ExitCode::bad_data, fmt::format("{}: has none of the customers of {}; expected the same ids",
                                                      period.file, list.file));
  }
  if (list.is_fixed && list.dataset_digest != 0 && list.dataset_digest == period.dataset->provenance().dataset_digest &&
      period.last_microseconds >= terms.start_microseconds) {
    throw AgreedError(
        ExitCode::bad_data,
        fmt::format("{}: is the dataset that {} was made of, and has the outcomes: the list was not fixed "
                    "before; expected a list made of an earlier log",
                    period.file, list.file));
  }
  if (period.last_microseconds < terms.start_microseconds) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("{}: its log ends at {}, before the campaign of {} begins ({}); expected what was "
                                  "bought afterwards",
                                  period.file, utc_text(period.last_microseconds / millionths), list.file,
                                  utc_text(terms.start_microseconds / millionths)));
  }
}

/// Whether the log begins as long before the campaign as the campaign takes.
bool reaches_back(const NextPeriod& period, const CampaignList& list) {
  const CampaignTerms& terms = list.assignment.terms;
  return period.first_microseconds <= terms.start_microseconds - (terms.end_microseconds() - terms.start_microseconds);
}

/// Spend of the list's customers before, from the file that fixed it or from the log if that reaches back so far.
std::vector<std::int64_t> past_of(const JobContext& context, const NextPeriod& period, const CampaignList& list,
                                  const ListedCustomers& matched, const std::vector<TimeWindow>& windows) {
  if (list.is_fixed) return list.assignment.past_money_millionths;
  if (!reaches_back(period, list)) return std::vector<std::int64_t>(list.assignment.groups.size(), 0);
  return outcomes_of_listed(context.comm, matched, period.ids.rows, required_outcomes(context, period, before(windows)))
      .revenue_millionths;
}

}  // namespace

NextPeriod read_next_period(const JobContext& context, const MeasureOptions& options) {
  const Communicator& comm = context.comm;
  NextPeriod period;
  period.file = std::filesystem::path(options.outcomes).filename().string();
  period.dataset = open_dataset(context, options.outcomes, std::nullopt, TrainedOn::all);
  const DatasetReader& dataset = *period.dataset;
  require_orders(dataset, options.outcomes);
  const RowRange mine = Partition::by_count(dataset.all_users(), comm.size()).range(comm.rank());
  period.ids = dataset.user_ids(mine);
  period.orders = dataset.orders(mine);
  period.lines_without_price = comm.sum(price_orders(context, options.outcomes, dataset, options.money, period.orders));
  period.margin_shares = margin_shares(context, options, dataset.items());
  for (const double share : period.margin_shares) period.items_without_margin += std::isnan(share) ? 1 : 0;
  period.log = log_span(comm, *period.orders.times_seconds, *dataset.log_times().first_seconds,
                        *dataset.log_times().last_seconds);
  period.first_microseconds = period.log.begin_seconds * millionths;
  period.last_microseconds = period.log.end_seconds * millionths;
  const auto returns = std::ranges::count_if(period.orders.lines.values, [](double value) { return value < 0; });
  const std::string& configuration = dataset.provenance().configuration;
  period.filters = outcome_filters(configuration, comm.sum(Index{returns}) > 0);
  period.has_days = orders_are_days(configuration);
  return period;
}

ListOutcomes measure_outcomes(const JobContext& context, const NextPeriod& period, const CampaignList& list) {
  const Communicator& comm = context.comm;
  const ListedCustomers matched = match_listed(comm, list.assignment.ids, period.ids);
  require_overlap(period, list, matched.found);
  const std::vector<TimeWindow> windows = windows_of(context, period, list, matched);
  const CustomerOutcomes bought = required_outcomes(context, period, windows);
  ListOutcomes of_list;
  of_list.found = matched.found;
  of_list.outcomes = outcomes_of_listed(comm, matched, period.ids.rows, bought);
  for (std::size_t customer = 0; customer < list.assignment.groups.size(); ++customer)
    of_list.unknown[static_cast<std::size_t>(list.assignment.groups[customer])] +=
        matched.row_of_listed[customer] < 0 ? 1 : 0;
  comm.all_reduce_sum(std::span<Index>(of_list.unknown));
  of_list.past_millionths = past_of(context, period, list, matched, windows);
  // A list that was made without orders has no past of anybody.
  const bool is_past = std::ranges::any_of(of_list.past_millionths, [](std::int64_t money) { return money != 0; });
  of_list.has_past = (list.is_fixed || reaches_back(period, list)) && comm.max(Index{is_past ? 1 : 0}) > 0;
  for (std::size_t user = 0; user < bought.orders.size(); ++user) {
    if (matched.listed_of_row[user] >= 0 || bought.orders[user] == 0) continue;
    ++of_list.others_with_orders;
    of_list.others_orders += bought.orders[user];
  }
  of_list.others_with_orders = comm.sum(of_list.others_with_orders);
  of_list.others_orders = comm.sum(of_list.others_orders);
  return of_list;
}

}  // namespace rankwise
