#include "jobs/demand/demand_groups.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <limits>

#include "distributed/profiles/customer_history.hpp"
#include "distributed/rows/partition.hpp"
#include "jobs/profile/day_options.hpp"
#include "jobs/profile/distant_orders.hpp"
#include "jobs/profile/priced_orders.hpp"
#include "jobs/run/dataset_shelf.hpp"
#include "jobs/segments/measures/division.hpp"

namespace rankwise {

namespace {

constexpr Index most_cells = 50'000'000;

[[noreturn]] void refuse(const std::string& message) {
  throw AgreedError(ExitCode::bad_data, message);
}

/// Places in `names`; what has none gets a place of its own behind the others. Collective.
void name_missing(const Communicator& comm, std::vector<std::int32_t>& places, std::vector<std::string>& names,
                  const std::string& missing_name) {
  const bool is_missing = std::ranges::find(places, -1) != places.end();
  if (comm.max(is_missing ? Index{1} : Index{0}) == 0) return;
  std::ranges::replace(places, -1, static_cast<std::int32_t>(names.size()));
  names.push_back(missing_name);
}

/// Collective.
void read_categories(const JobContext& context, const DemandOptions& options, Index items, DemandInput& input) {
  input.groups.of_items.assign(static_cast<std::size_t>(items), 0);
  input.categories = {""};
  if (options.category.empty()) return;
  const DatasetTablesReader tables(context.comm, options.data, context.common.input_check);
  const TableReader& table = required_items(tables, "--by", options.data);
  input.groups.of_items = agree_on(context.comm, [&] { return table.codes(options.category, {0, table.rows()}); });
  input.categories = table.column(options.category).categories;
  name_missing(context.comm, input.groups.of_items, input.categories, "(missing)");
}

/// Collective.
void read_segments(const JobContext& context, const DemandOptions& options, const DatasetReader& dataset, RowRange mine,
                   DemandInput& input) {
  input.groups.of_users.assign(static_cast<std::size_t>(mine.size()), 0);
  input.segments = {""};
  if (!options.by_segment) return;
  const Division division = read_clusters(context, options.segments, {});
  const DividedRows divided = divide(context.comm, division, dataset.user_ids(mine));
  if (divided.found == 0) {
    refuse(
        fmt::format("{}: has none of the customers of {}; expected segments of them", options.segments, options.data));
  }
  input.groups.of_users = divided.segments;
  input.segments = division.names;
  name_missing(context.comm, input.groups.of_users, input.segments, "(no segment)");
}

/// The first day of the period that a day is in. The first of 1970 was a Thursday.
std::int64_t begin_of(std::int64_t day, std::int64_t days) {
  const std::int64_t offset = days == 7 ? 3 : 0;
  const std::int64_t since = day + offset;
  return day - (since % days + days) % days;
}

/// Whole periods from the first order to the last. Collective.
void find_periods(const Communicator& comm, const DemandOptions& options, DemandInput& input) {
  std::int64_t first = std::numeric_limits<std::int64_t>::max();
  std::int64_t last = std::numeric_limits<std::int64_t>::min();
  for (const std::int64_t time : *input.orders.times_seconds) {
    first = std::min(first, time);
    last = std::max(last, time);
  }
  first = comm.min(first);
  last = comm.max(last);
  if (last < first) refuse(fmt::format("{}: holds no orders", options.data));
  DemandPeriods& periods = input.periods;
  periods.days = options.period_days;
  periods.first_day = begin_of(day_of(first), periods.days);
  if (periods.first_day < day_of(first)) {
    input.left_out_first = day_text(day_of(first));
    periods.first_day += periods.days;
  }
  // A week ends on a Sunday; of a day nobody knows whether the log ends with it.
  std::int64_t end = begin_of(day_of(last), periods.days);
  if (periods.days == 7 && day_of(last) == end + 6) end += periods.days;
  if (end <= day_of(last)) input.left_out_last = day_text(end);
  periods.count = std::max<std::int64_t>(end - periods.first_day, 0) / periods.days;
  if (periods.count == 0) {
    refuse(fmt::format("{}: its orders, from {} to {}, have no whole {}; expected a longer log", options.data,
                       day_text(day_of(first)), day_text(day_of(last)), options.period_word()));
  }
}

}  // namespace

DemandInput read_demand(const JobContext& context, const DemandOptions& options) {
  const Communicator& comm = context.comm;
  const auto dataset = open_dataset(context, options.data, std::nullopt, TrainedOn::all);
  if (!dataset->has_orders()) {
    refuse(fmt::format("{} has no orders; expected a dataset of prepare --orders day, or with an order column",
                       options.data));
  }
  DemandInput input;
  input.data_digest = dataset->provenance().dataset_digest;
  const RowRange mine = Partition::by_count(dataset->all_users(), comm.size()).range(comm.rank());
  input.orders = dataset->orders(mine);
  if (!input.orders.times_seconds)
    refuse(fmt::format("{} has no times; expected a dataset of a log with a time column", options.data));
  input.unpriced_lines = comm.sum(price_orders(context, options.data, *dataset, options.money, input.orders));
  warn_of_distant_orders(context, options.data, *input.orders.times_seconds);
  find_periods(comm, options, input);
  read_categories(context, options, dataset->items(), input);
  read_segments(context, options, *dataset, mine, input);
  input.groups.categories = std::ssize(input.categories);
  input.groups.segments = std::ssize(input.segments);
  if (input.groups.series() > most_cells / input.periods.count) {
    refuse(fmt::format("--by: {} series of {} periods; expected fewer: a column of fewer categories",
                       input.groups.series(), input.periods.count));
  }
  return input;
}

}  // namespace rankwise
