// Sample runs:
//   rankwise profile --data shop.h5 --output customers.h5
//   rankwise profile --data shop.h5 --at 2025-12-31 --shares department --lifetime --horizon 90d --output customers.csv
//   mpirun -n 4 rankwise profile --data shop.h5 --lifetime --calibrate-at 2025-06-30 --output customers.h5

#include "jobs/profile/profile.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "distributed/profiles/category_shares.hpp"
#include "distributed/rows/ids.hpp"
#include "distributed/rows/partition.hpp"
#include "io/config/json_text.hpp"
#include "io/dataset/dataset.hpp"
#include "io/dataset/dataset_tables.hpp"
#include "io/files/commit.hpp"
#include "io/profile/profile_file.hpp"
#include "jobs/profile/customer_columns.hpp"
#include "jobs/profile/day_options.hpp"
#include "jobs/profile/distant_orders.hpp"
#include "jobs/profile/factor_columns.hpp"
#include "jobs/profile/lifetime_report.hpp"
#include "jobs/profile/priced_orders.hpp"
#include "jobs/profile/profile_page.hpp"
#include "jobs/profile/profile_report.hpp"
#include "jobs/run/dataset_shelf.hpp"
#include "jobs/run/standard_output.hpp"
#include "jobs/run/text_output.hpp"
#include "kernels/text/counted.hpp"

namespace rankwise {

namespace {

constexpr std::string_view notes =
    R"(An order counts with the sum of its values: 0 or more is a purchase, less is a return. Days are UTC.
RFM: recency is days since the last purchase, frequency is purchases, money is the sum of all values, returns subtracted.
The class of a value is min(5, floor((10 less + 5 equal) / (2 n)) + 1), of n customers, with `less` smaller values and
`equal` equal ones, itself included. So equal values share a class, and another currency changes nothing. Of recency,
fewer days are the better class. Users without a purchase have no class.
--lifetime: x is days with a purchase but the first, t_x weeks from the first to the last, T weeks from the first to the
day of the analysis. BG/NBD (Fader, Hardie and Lee 2005) by maximum likelihood of (x, t_x, T); Gamma-Gamma (Fader and
Hardie 2013) by that of x and the mean value of a repeat purchase, of customers for whom it is above 0.
  expected_purchases   E[X(t) | x, t_x, T] at the horizon t
  expected_value       E[M | m, x] = p (v + x m) / (p x + q - 1); of customers without repeats p v / (q - 1)
  lifetime_value       expected_value x sum over periods of 30 days of (E[X(end)] - E[X(begin)]) / (1 + RATE)^(end in years)
Standard errors come from the Hessian, by the delta method. A warning says why a fit cannot be trusted.)";

/// What the dataset has for a profile.
struct Customers {
  RowRange mine;
  Index total = 0;
  Orders orders;
  std::optional<std::int64_t> at_day;  ///< if orders have times
  std::vector<CustomerHistory> histories;
  Index unpriced_lines = 0;  ///< of this rank
};

/// The last day with an order of any rank; that of 1970 if there is no order. Collective.
std::int64_t last_order_day(const Communicator& comm, const std::vector<std::int64_t>& times_seconds) {
  constexpr std::int64_t none = std::numeric_limits<std::int64_t>::min();
  std::int64_t last = none;
  for (const std::int64_t time : times_seconds) last = std::max(last, time);
  last = comm.max(last);
  return last == none ? 0 : day_of(last);
}

/// Throws if the options need what the dataset does not have.
void require_known(const ProfileOptions& options, const DatasetReader& dataset) {
  if (dataset.has_orders()) return;
  const char* const option = options.at_day              ? "--at"
                             : options.lifetime          ? "--lifetime"
                             : !options.segments.empty() ? "--segments"
                             : !options.shares.empty()   ? "--shares"
                             : !options.money.empty()    ? "--money"
                                                         : nullptr;
  if (option == nullptr) return;
  throw AgreedError(
      ExitCode::bad_data,
      fmt::format("{}: {} has no orders; expected a dataset of prepare --orders day, or with an order column", option,
                  options.data));
}

void require_times(const ProfileOptions& options, bool timed) {
  if (timed) return;
  const char* const option = options.at_day              ? "--at"
                             : options.lifetime          ? "--lifetime"
                             : !options.segments.empty() ? "--segments"
                                                         : nullptr;
  if (option == nullptr) return;
  throw AgreedError(
      ExitCode::bad_data,
      fmt::format("{}: {} has no times; expected a dataset of a log with a time column", option, options.data));
}

/// Throws if a sum of a customer's values is beyond all numbers. Collective.
void require_finite(const Communicator& comm, const ProfileOptions& options, const DatasetReader& dataset,
                    const Customers& customers) {
  Index first = customers.total;
  for (std::size_t user = customers.histories.size(); user-- > 0;) {
    const CustomerHistory& each = customers.histories[user];
    if (!std::isfinite(each.money) || !std::isfinite(each.bought) || !std::isfinite(each.returned))
      first = customers.mine.begin + static_cast<Index>(user);
  }
  first = comm.min(first);
  if (first == customers.total) return;
  const IdRows ids = dataset.user_ids({first, first + 1});
  throw AgreedError(
      ExitCode::bad_data,
      fmt::format("{}: the values of user {} add up to more than numbers can hold; expected smaller values",
                  options.data, id_text(ids.ids, 0)));
}

/// Throws if all orders are later than --at. Collective.
void require_orders_until(const Communicator& comm, const ProfileOptions& options, const Orders& orders) {
  if (!options.at_day) return;
  std::int64_t first = std::numeric_limits<std::int64_t>::max();
  for (const std::int64_t time : *orders.times_seconds) first = std::min(first, time);
  first = comm.min(first);
  if (day_of(first) <= *options.at_day || first == std::numeric_limits<std::int64_t>::max()) return;
  throw AgreedError(ExitCode::bad_data, fmt::format("--at {}: all orders of {} are later; expected {} or a later day",
                                                    day_text(*options.at_day), options.data, day_text(day_of(first))));
}

/// Collective.
Customers read_customers(const ProfileOptions& options, const JobContext& context, const DatasetReader& dataset) {
  Customers customers;
  const Communicator& comm = context.comm;
  customers.total = dataset.all_users();
  customers.mine = Partition::by_count(customers.total, comm.size()).range(comm.rank());
  if (!dataset.has_orders()) return customers;
  customers.orders = dataset.orders(customers.mine);
  customers.unpriced_lines = price_orders(context, options.data, dataset, options.money, customers.orders);
  const bool timed = customers.orders.times_seconds.has_value();
  require_times(options, timed);
  if (timed) require_orders_until(comm, options, customers.orders);
  if (timed && !options.at_day) warn_of_distant_orders(context, options.data, *customers.orders.times_seconds);
  if (timed) customers.at_day = options.at_day ? options.at_day : last_order_day(comm, *customers.orders.times_seconds);
  if (options.then_day && customers.at_day && *options.then_day >= *customers.at_day) {
    throw AgreedError(ExitCode::usage,
                      fmt::format("--calibrate-at is not before the day of the last order of {}; expected "
                                  "an earlier day",
                                  options.data));
  }
  customers.histories = customer_histories(customers.orders, customers.at_day);
  require_finite(comm, options, dataset, customers);
  return customers;
}

/// Counts over all ranks. Collective.
ProfileFindings count_customers(const Communicator& comm, const Customers& customers, const DatasetReader& dataset) {
  ProfileFindings findings;
  findings.data_digest = dataset.provenance().dataset_digest;
  findings.users = customers.total;
  findings.has_orders = dataset.has_orders();
  if (customers.at_day) findings.analysis_day = day_text(*customers.at_day);
  for (const CustomerHistory& history : customers.histories) {
    findings.customers += history.is_customer() ? 1 : 0;
    findings.only_returns += !history.is_customer() && history.returns > 0 ? 1 : 0;
  }
  for (Index order = 0; order < customers.orders.size(); ++order)
    findings.later_orders += is_until(customers.orders, order, customers.at_day) ? 0 : 1;
  findings.customers = comm.sum(findings.customers);
  findings.only_returns = comm.sum(findings.only_returns);
  findings.later_orders = comm.sum(findings.later_orders);
  findings.unpriced_lines = comm.sum(customers.unpriced_lines);
  if (!findings.has_orders) {
    findings.left_out.emplace_back(
        "orders, recency, tenure, gaps, seasons, baskets, returns and RFM: the dataset has no orders (prepare --orders "
        "day, or an order column)");
  } else if (!customers.at_day) {
    findings.left_out.emplace_back("recency, tenure, gaps, seasons and segments: the dataset has no times");
  }
  return findings;
}

/// What the table of items says of all items. Not collective.
ItemCategories read_categories(const TableReader& items, const std::string& column) {
  const TableColumnInfo& info = items.column(column);
  return {items.codes(column, {0, items.rows()}), info.categories};
}

/// Collective.
void add_shares(const ProfileOptions& options, const JobContext& context, const Customers& customers,
                CustomerColumns& columns) {
  if (options.shares.empty()) return;
  const DatasetTablesReader tables(context.comm, options.data, context.common.input_check);
  const TableReader& items = required_items(tables, "--shares", options.data);
  for (const std::string& column : options.shares) {
    const ItemCategories categories = agree_on(context.comm, [&] { return read_categories(items, column); });
    CategoryShares shares =
        category_shares(context.comm, customers.orders, customers.at_day, categories, options.most_shares);
    agree_on(context.comm, [&] { add_share_columns(columns, column, categories, std::move(shares)); });
  }
}

/// What orders say, classes, shares of categories, and lifetime value. Collective.
void add_order_columns(const ProfileOptions& options, JobContext& context, const Customers& customers,
                       const std::vector<SegmentRule>& rules, ProfileFindings& findings, CustomerColumns& columns) {
  {
    const auto timer = context.report.phase("classes");
    add_history_columns(columns, customers.histories, customers.at_day);
    findings.rfm = score_customers(context.comm, customers.histories, customers.at_day, rules, columns);
  }
  add_shares(options, context, customers, columns);
  if (!options.lifetime || !customers.at_day) return;
  findings.value = value_customers(context, options, customers.orders, customers.histories, *customers.at_day, columns);
}

/// Collective.
void add_known_columns(const ProfileOptions& options, const JobContext& context, RowRange mine,
                       CustomerColumns& columns) {
  std::optional<Table> known = read_user_table(context.comm, options.data, mine, context.common.input_check);
  if (!known) return;
  agree_on(context.comm, [&] { add_user_columns(columns, std::move(*known), options.data); });
}

/// Collective.
void write(const ProfileOptions& options, JobContext& context, const DatasetReader& dataset, const Customers& customers,
           const ProfileFindings& findings, CustomerColumns columns) {
  const auto timer = context.report.phase("write");
  Profile profile;
  profile.ids = dataset.user_ids(customers.mine);
  profile.definitions = columns.definitions();
  profile.table = {customers.mine, customers.total, columns.take()};
  profile.analysis_day = findings.analysis_day;
  if (options.writes_csv()) {
    write_profile_csv(context.comm, options.output, profile);
  } else {
    write_profile(context.comm, options.output, profile, context.provenance(profile_kind, findings.data_digest),
                  options.deflate_level);
  }
  context.report.line(fmt::format("wrote {}: {}, {}", options.output, counted(customers.total, "user"),
                                  counted(std::ssize(profile.table.columns), "column")));
}

void require_columns(const Communicator& comm, const CustomerColumns& columns) {
  agree_on(comm, [&] {
    if (std::ssize(columns.definitions()) <= most_table_columns) return;
    throw Error(ExitCode::usage, fmt::format("the profile would have {} columns; expected at most {}: a smaller "
                                             "--most-shares",
                                             columns.definitions().size(), most_table_columns));
  });
}

/// The same facts for programs and for people. Collective.
void write_reports(const ProfileOptions& options, JobContext& context, const ProfileFindings& findings) {
  const nlohmann::ordered_json json = profile_json(options, findings);
  if (!options.report.empty()) write_from_root(context, options.report, json_text(json, 2) + "\n");
  if (!options.page.empty()) write_from_root(context, options.page, profile_page(json_text(json, one_line)));
}

}  // namespace

void profile_customers(const ProfileOptions& options, JobContext& context) {
  const Communicator& comm = context.comm;
  agree_on(comm, [&] { require_sense(options); });
  check_output(comm, options.output);
  for (const std::string& path : {options.report, options.page, options.plot}) {
    if (!path.empty()) check_output(comm, path);
  }
  const std::vector<SegmentRule> rules =
      options.segments.empty() ? usual_segments() : read_segments(comm, options.segments);

  // 1. Read the orders, and what they say of each user until the day of the analysis.
  auto reading = std::make_unique<Report::PhaseTimer>(context.report, "read");
  const auto dataset = open_dataset(context, options.data, std::nullopt, TrainedOn::all);
  require_known(options, *dataset);
  const Customers customers = read_customers(options, context, *dataset);
  ProfileFindings findings = count_customers(comm, customers, *dataset);
  reading.reset();

  // 2. Columns: what orders say, or interactions if there are no orders, and what is known of users.
  CustomerColumns columns;
  if (findings.has_orders) {
    add_order_columns(options, context, customers, rules, findings, columns);
  } else {
    add_interaction_columns(columns, dataset->read(DatasetPart::interactions, customers.mine));
  }
  if (!options.factors.empty()) {
    findings.without_factors = add_factor_columns(context, options.factors, dataset->user_ids(customers.mine), columns);
  }
  add_known_columns(options, context, customers.mine, columns);
  require_columns(comm, columns);

  // 3. Say it, without counts of few customers, and write it.
  findings.printed =
      printed_counts({findings.users, findings.customers, findings.only_returns},
                     findings.rfm ? &*findings.rfm : nullptr, findings.value ? &*findings.value : nullptr);
  tell_profile(context.report, findings);
  if (comm.is_root()) print_result(profile_table(findings));
  write(options, context, *dataset, customers, findings, std::move(columns));
  write_reports(options, context, findings);
  if (options.plot.empty() || !findings.value) return;
  const std::string picture = calibration_picture(*findings.value);
  if (picture.empty()) {
    context.report.warning(fmt::format("{}: not written, because nothing could be compared", options.plot));
  } else {
    write_from_root(context, options.plot, picture);
  }
}

namespace {

RunJob describe_profile(boost::program_options::options_description& description) {
  const auto options = std::make_shared<ProfileOptions>();
  describe_profiling(description, *options);
  return {[options](JobContext& context) { profile_customers(*options, context); },
          [options] { require_sense(*options); }};
}

}  // namespace

Job profile_job() {
  return {"profile", "one row per customer: orders, RFM, shares, lifetime value: dataset -> profile", notes,
          describe_profile};
}

}  // namespace rankwise
