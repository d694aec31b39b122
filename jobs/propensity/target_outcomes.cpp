#include "jobs/propensity/target_outcomes.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <optional>

#include "distributed/profiles/customer_history.hpp"
#include "distributed/profiles/period_outcomes.hpp"
#include "distributed/rows/id_matching.hpp"
#include "distributed/rows/partition.hpp"
#include "distributed/rows/values_at_rows.hpp"
#include "io/conditions/condition_text.hpp"
#include "io/tables/table_condition.hpp"
#include "jobs/profile/day_options.hpp"
#include "jobs/profile/distant_orders.hpp"
#include "jobs/profile/priced_orders.hpp"
#include "jobs/run/dataset_shelf.hpp"

namespace rankwise {

namespace {

[[noreturn]] void refuse(const std::string& message) {
  throw AgreedError(ExitCode::bad_data, message);
}

/// The last day with an order of any rank; nothing without times or orders. Collective.
std::optional<std::int64_t> last_order_day(const Communicator& comm, const Orders& orders) {
  constexpr std::int64_t none = std::numeric_limits<std::int64_t>::min();
  std::int64_t last = none;
  if (orders.times_seconds) {
    for (const std::int64_t time : *orders.times_seconds) last = std::max(last, time);
  }
  last = comm.max(last);
  if (last == none) return std::nullopt;
  return day_of(last);
}

/// Refuses outcomes that the profile has seen, and says what cannot be checked.
OutcomePeriod period_of(const PropensityOptions& options, const ProfileRows& customers,
                        std::optional<std::int64_t> last_day, TargetOutcomes& found) {
  const bool is_same_data = found.data_digest == customers.provenance.dataset_digest;
  const std::optional<std::int64_t> known_day = day_of_text(customers.analysis_day);
  if (!last_day) {
    if (options.first_day || options.days) {
      refuse(fmt::format("--{}: {} has no times; expected a dataset of a log with a time column",
                         options.first_day ? "from" : "within", options.outcomes));
    }
    if (is_same_data)
      refuse(
          fmt::format("{} was made of the orders of {}; expected a later dataset", options.profile, options.outcomes));
    found.doubts.push_back(fmt::format("{} has no times: whether {} knows these orders already is not known",
                                       options.outcomes, options.profile));
    return {};
  }
  if (!known_day && !options.first_day) {
    if (is_same_data)
      refuse(
          fmt::format("{} was made of the orders of {}; expected a later dataset", options.profile, options.outcomes));
  }
  if (!known_day) {
    found.doubts.push_back(
        fmt::format("{} has no day of analysis: whether it knows orders of the period is not known", options.profile));
  }
  OutcomePeriod period{options.first_day, std::nullopt};
  if (known_day && !period.first_day) period.first_day = *known_day + 1;
  if (known_day && *period.first_day <= *known_day) {
    refuse(fmt::format("--from {}: {} knows orders until {}; expected a later day, or a profile --at a day before",
                       day_text(*period.first_day), options.profile, day_text(*known_day)));
  }
  if (options.days) {
    if (!period.first_day) refuse("--within: the profile has no day of analysis; expected --from, too");
    period.last_day = *period.first_day + *options.days - 1;
    if (*period.last_day > *last_day) {
      found.doubts.push_back(fmt::format("--within {}d: the last order of {} is of {}, before the period ends",
                                         *options.days, options.outcomes, day_text(*last_day)));
    }
  }
  return period;
}

/// Which items fulfil the condition of --target.
std::vector<bool> chosen_items(const JobContext& context, const PropensityOptions& options) {
  const DatasetTablesReader tables(context.comm, options.outcomes, context.common.input_check);
  const TableReader& items = required_items(tables, "--target", options.outcomes);
  const std::vector<bool> chosen = agree_on(context.comm, [&] {
    return fulfilled_rows(items, parse_condition("--target", options.target), {0, items.rows()});
  });
  if (std::ranges::find(chosen, true) != chosen.end()) return chosen;
  refuse(fmt::format("--target {}: no item of {} fulfils it", options.target, options.outcomes));
}

/// Outcomes in the order of the dataset's users.
std::vector<double> values_of(const PropensityOptions& options, const PeriodOutcomes& outcomes) {
  if (options.chosen_model() == RegressionModel::ridge) return outcomes.money;
  return {outcomes.bought.begin(), outcomes.bought.end()};
}

}  // namespace

TargetOutcomes read_outcomes(const JobContext& context, const PropensityOptions& options,
                             const ProfileRows& customers) {
  const Communicator& comm = context.comm;
  const auto dataset = open_dataset(context, options.outcomes, std::nullopt, TrainedOn::all);
  if (!dataset->has_orders()) {
    refuse(fmt::format("{} has no orders; expected a dataset of prepare --orders day, or with an order column",
                       options.outcomes));
  }
  // 1. The orders of the period.
  TargetOutcomes found;
  found.data_digest = dataset->provenance().dataset_digest;
  const RowRange mine = Partition::by_count(dataset->all_users(), comm.size()).range(comm.rank());
  Orders orders = dataset->orders(mine);
  found.unpriced_lines = comm.sum(price_orders(context, options.outcomes, *dataset, options.money, orders));
  if (orders.times_seconds) warn_of_distant_orders(context, options.outcomes, *orders.times_seconds);
  const std::optional<std::int64_t> last_day = last_order_day(comm, orders);
  const OutcomePeriod period = period_of(options, customers, last_day, found);
  const PeriodOutcomes outcomes = options.is_of_condition()
                                      ? outcomes_in_period(orders, period, chosen_items(context, options))
                                      : outcomes_in_period(orders, period);
  if (comm.sum(outcomes.orders) == 0) {
    refuse(fmt::format("{}: no order is in the period{}; expected a later dataset, or a profile --at an earlier day",
                       options.outcomes,
                       period.first_day ? fmt::format(" from {} on", day_text(*period.first_day)) : ""));
  }
  if (last_day && period.first_day) {
    found.first_day = day_text(*period.first_day);
    found.last_day = day_text(std::min(*last_day, period.last_day.value_or(*last_day)));
  }

  // 2. The customers' own.
  const IdRows users = dataset->user_ids(mine);
  const std::vector<Index> rows = find_rows_by_id(comm, customers.ids, users);
  const std::vector<double> values = values_of(options, outcomes);
  found.values = values_at_rows<double>(comm, rows, mine, values, 0);
  Index unknown = 0;
  for (std::size_t row = 0; row < rows.size(); ++row)
    unknown += rows[row] < 0 && customers.are_customers[row] != 0 ? 1 : 0;
  found.unknown_customers = comm.sum(unknown);
  if (found.unknown_customers == customers.customers) {
    refuse(fmt::format("{} knows none of the customers of {}; expected a dataset of the same customers",
                       options.outcomes, options.profile));
  }
  const std::vector<Index> known = find_rows_by_id(comm, users, customers.ids);
  Index new_customers = 0;
  for (std::size_t user = 0; user < known.size(); ++user) new_customers += known[user] < 0 && values[user] != 0 ? 1 : 0;
  found.new_customers = comm.sum(new_customers);
  const bool is_finite = std::ranges::all_of(found.values, [](double value) { return std::isfinite(value); });
  if (comm.min(is_finite ? Index{1} : Index{0}) == 0)
    refuse(fmt::format("{}: values of a customer add up to more than numbers can hold", options.outcomes));
  return found;
}

}  // namespace rankwise
