#include "jobs/campaign/eligible_customers.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <string>
#include <utility>

#include "distributed/comm/key_exchange.hpp"
#include "distributed/rows/id_matching.hpp"
#include "distributed/rows/partition.hpp"
#include "distributed/rows/values_at_rows.hpp"
#include "io/campaign/contact_list.hpp"
#include "io/conditions/condition_text.hpp"
#include "io/dataset/dataset_tables.hpp"
#include "io/hdf5/reader.hpp"
#include "io/profile/propensity_file.hpp"
#include "jobs/profile/priced_orders.hpp"
#include "jobs/recommend/whom/user_segments.hpp"
#include "jobs/run/dataset_shelf.hpp"
#include "jobs/segments/measures/name_table.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/time_units.hpp"
#include "kernels/text/counted.hpp"
#include "kernels/text/shown_text.hpp"
#include "kernels/text/utc_text.hpp"

namespace rankwise {

namespace {

/// Orders in money. Collective.
Orders read_orders_in_money(const JobContext& context, const CampaignOptions& options, const DatasetReader& dataset,
                            RowRange mine) {
  Orders orders = dataset.orders(mine);
  const Index without_price = context.comm.sum(price_orders(context, options.data, dataset, options.money, orders));
  if (without_price > 0) {
    context.report.warning(fmt::format("--money {}: {} of orders {} no price and {} as 0", options.money,
                                       counted(without_price, "line"), verb(without_price, "has", "have"),
                                       verb(without_price, "counts", "count")));
  }
  return orders;
}

/// Whether the log reaches the start. Collective; throws AgreedError (bad_data) if the last horizon has no order.
void check_past(JobContext& context, const CampaignOptions& options, const CampaignSettings& settings,
                const EligibleCustomers& customers) {
  constexpr std::int64_t slack_seconds = 7 * seconds_per_day;
  const std::int64_t start = seconds_of(settings.terms.start_microseconds);
  Index orders = 0;
  for (const Index count : customers.past->orders) orders += count;
  const std::optional<std::int64_t> last = customers.dataset->log_times().last_seconds;
  const std::string end = last ? utc_text(*last) + " UTC" : std::string("an unknown time");
  if (context.comm.sum(orders) == 0) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("{}: has no order in the last horizon before the campaign's start {} UTC, its log "
                                  "ends at {}; expected a log that reaches the start",
                                  options.data, utc_text(start), end));
  }
  if (!last || *last >= start - slack_seconds) return;
  context.report.warning(
      fmt::format("{}: its log ends at {}, {:.1f} days before the campaign's start {} UTC: past "
                  "money, strata and what a hold-out sees count these days as without orders",
                  options.data, end, static_cast<double>(start - *last) / seconds_per_day, utc_text(start)));
}

/// Collective.
void read_past(JobContext& context, const CampaignOptions& options, const CampaignSettings& settings,
               EligibleCustomers& customers) {
  const DatasetReader& dataset = *customers.dataset;
  if (!options.money.empty() && !dataset.has_orders())
    throw AgreedError(ExitCode::bad_data, fmt::format("--money: {} has no orders", options.data));
  if (!dataset.has_orders()) return;
  const Orders orders = read_orders_in_money(context, options, dataset, customers.users.rows);
  if (!orders.times_seconds) return;
  customers.past = agree_on(context.comm, [&] {
    return recent_spending(orders, seconds_of(settings.begin_of_past_microseconds()),
                           seconds_of(settings.terms.start_microseconds));
  });
  customers.counts.orders_later = context.comm.sum(customers.past->later_orders);
  check_past(context, options, settings, customers);
}

std::vector<std::string> names_of_segments(const SegmentNames& names, Index count) {
  std::vector<std::string> all;
  for (Index segment = 0; segment < count; ++segment) {
    const std::string number = std::to_string(segment);
    const auto found = names.find(number);
    all.push_back(found == names.end() ? number : found->second);
  }
  return all;
}

/// The segments that the campaign names, by name or number. Throws Error(usage).
std::vector<bool> wanted_segments(const CampaignSettings& settings, const std::vector<std::string>& names) {
  std::vector<bool> wanted(names.size(), settings.segments.empty());
  for (const std::string& each : settings.segments) {
    bool found = false;
    for (std::size_t segment = 0; segment < names.size(); ++segment) {
      if (each != names[segment] && each != std::to_string(segment)) continue;
      wanted[segment] = found = true;
    }
    if (!found) {
      throw Error(ExitCode::usage, fmt::format("segments = {}: there is no such segment; expected some of {}",
                                               shown(each), fmt::join(names, ", ")));
    }
  }
  return wanted;
}

/// Collective.
void read_segments_of(JobContext& context, const CampaignOptions& options, const CampaignSettings& settings,
                      EligibleCustomers& customers) {
  if (options.clustering.empty()) {
    const char* const option = !settings.segments.empty()   ? "segments"
                               : settings.strata_by_segment ? "strata = segment"
                                                            : nullptr;
    if (option == nullptr) return;
    throw AgreedError(ExitCode::usage,
                      fmt::format("{}: {} needs a clustering: --segments FILE", options.campaign, option));
  }
  const UserSegments segments(context, options.clustering, *customers.dataset, options.data);
  customers.segment = segments.of_rows(customers.users.rows);
  customers.segment_names = names_of_segments(read_segment_names(context.comm, options.names), segments.count());
}

/// Of each customer of this rank, 1 if it fulfils the condition. Collective.
std::vector<std::int32_t> fulfilling(const std::string& condition, EligibleCustomers& customers) {
  const RowCondition parsed = parse_condition("where", condition);
  std::vector<ColumnValues> columns;
  std::vector<int> places;
  for (const std::string& name : parsed.columns()) {
    places.push_back(static_cast<int>(columns.size()));
    columns.push_back(customers.columns->column("where", name));
  }
  const MissingValues missing_values("none");  // of a table only what is empty is missing
  std::vector<std::int32_t> fulfil;
  std::vector<std::string> texts(columns.size());
  std::vector<std::string_view> fields(columns.size());
  for (Index user = 0; user < customers.users.rows.size(); ++user) {
    for (std::size_t c = 0; c < columns.size(); ++c) {
      texts[c] = value_text(columns[c], user);
      fields[c] = texts[c];
    }
    fulfil.push_back(parsed.holds({fields, places, missing_values}) ? 1 : 0);
  }
  return fulfil;
}

/// How many contacts each customer of this rank has had in the window. Collective.
std::vector<Index> recent_contacts(JobContext& context, const CampaignOptions& options,
                                   const CampaignSettings& settings, EligibleCustomers& customers) {
  const Communicator& comm = context.comm;
  ContactList contacts = read_contacts(comm, options.contacts);
  const Index read = std::ssize(contacts.users);
  const RowRange all = comm.is_root() ? RowRange{0, read} : RowRange{read, read};
  const std::vector<Index> rows =
      find_rows_by_id(comm, {all, comm.sum(read), std::move(contacts.users)}, customers.users);
  const std::int64_t start = settings.terms.start_microseconds;
  const std::int64_t begin = start - settings.contacts_within_seconds * millionths;
  std::vector<Index> counted_rows;
  EligibilityCounts& counts = customers.counts;
  counts.contacts_read = comm.sum(read);
  for (std::size_t c = 0; c < rows.size(); ++c) {
    const std::int64_t time = contacts.times_microseconds[c];
    counts.contacts_of_others += rows[c] < 0 ? 1 : 0;
    counts.contacts_later += time >= start ? 1 : 0;
    if (rows[c] >= 0 && time >= begin && time < start) counted_rows.push_back(rows[c]);
  }
  counts.contacts_of_others = comm.sum(counts.contacts_of_others);
  counts.contacts_later = comm.sum(counts.contacts_later);
  const RowHolders holders(comm, customers.users.rows);
  std::vector<Index> sizes;
  const std::vector<Index> sorted = sorted_by_owner(
      std::span<const Index>(counted_rows), comm.size(), [&](Index row) { return holders.holder(row); }, sizes);
  std::vector<Index> recent(static_cast<std::size_t>(customers.users.rows.size()), 0);
  for (const Index row : comm.exchange(std::span<const Index>(sorted), sizes).values)
    ++recent[static_cast<std::size_t>(row - customers.users.rows.begin)];
  return recent;
}

void warn_of_times(JobContext& context, const CampaignOptions& options, const EligibleCustomers& customers) {
  const EligibilityCounts& counts = customers.counts;
  if (counts.orders_later > 0) {
    context.report.warning(
        fmt::format("{}: {} at or after the start of the campaign {} left out; profiles and scores "
                    "may have seen them",
                    options.data, counted(counts.orders_later, "order"), verb(counts.orders_later, "is", "are")));
  }
  if (counts.contacts_later > 0) {
    context.report.warning(fmt::format("{}: {} at or after the start of the campaign {} not counted", options.contacts,
                                       counted(counts.contacts_later, "contact"),
                                       verb(counts.contacts_later, "is", "are")));
  }
  if (counts.contacts_of_others > 0) {
    context.report.warning(fmt::format("{}: {} of customers who are not in {}", options.contacts,
                                       counted(counts.contacts_of_others, "contact"), options.data));
  }
  if (!customers.past) {
    context.report.warning(
        fmt::format("{}: has no orders with times, so that nothing is known of past money; expected "
                    "a dataset of prepare --orders day",
                    options.data));
  }
}

/// Scores that have learned what customers bought in the campaign's time, or a profile that knows it, take its effect
/// for taste. Collective.
void warn_of_seen_outcomes(JobContext& context, const CampaignOptions& options, const CampaignSettings& settings) {
  constexpr std::size_t day_signs = 10;  // 2024-05-31
  const std::string start = utc_text(settings.terms.start_microseconds / 1'000'000).substr(0, day_signs);
  const auto day_in = [&](const std::string& path, const char* attribute) {
    return agree_on(context.comm, [&] {
      const Hdf5Reader file(path);
      return file.has_attribute("/", attribute) ? file.read_text("/", attribute) : std::string();
    });
  };
  if (!options.propensity.empty()) {
    const std::string until = day_in(options.propensity, outcomes_until_attribute);
    if (until >= start) {
      context.report.warning(
          fmt::format("{} has learned what customers bought until {}, and the campaign starts on {}: "
                      "its scores know a part of the outcome",
                      options.propensity, until, start));
      context.report.event("scores_know_outcomes", {{"until", until}});
    }
  }
  for (const std::string& path : {options.profile, options.propensity}) {
    if (path.empty()) continue;
    const std::string day = day_in(path, "analysis-day");
    if (day < start) continue;
    context.report.warning(
        fmt::format("{} knows orders until {}, and the campaign starts on {}: its columns "
                    "know a part of the outcome",
                    path, day, start));
    context.report.event("profile_knows_outcomes", {{"analysis_day", day}});
  }
}

}  // namespace

void find_eligible(JobContext& context, const CampaignOptions& options, const CampaignSettings& settings,
                   EligibleCustomers& customers) {
  const Communicator& comm = context.comm;
  if ((settings.contacts_limit > 0) != !options.contacts.empty()) {
    throw AgreedError(ExitCode::usage,
                      settings.contacts_limit > 0
                          ? fmt::format("{}: contacts-limit needs --contacts FILE", options.campaign)
                          : fmt::format("--contacts has a meaning only with contacts-limit in {}", options.campaign));
  }
  // 1. Customers, with what is known of each.
  customers.dataset = open_dataset(context, options.data, std::nullopt, TrainedOn::all);
  const DatasetReader& dataset = *customers.dataset;
  customers.users = dataset.user_ids(Partition::by_count(dataset.users(), comm.size()).range(comm.rank()));
  customers.columns =
      std::make_unique<ColumnSources>(context, options.data, dataset.provenance().dataset_digest, customers.users);
  customers.columns->add(options.profile);
  customers.columns->add(options.propensity);
  warn_of_seen_outcomes(context, options, settings);
  read_past(context, options, settings, customers);
  if (settings.strata_by_value && !customers.past) {
    throw AgreedError(ExitCode::bad_data, fmt::format("{}: strata = value needs orders with times; expected a dataset "
                                                      "of prepare --orders day",
                                                      options.data));
  }
  read_segments_of(context, options, settings, customers);

  // 2. Whom segments, condition and contacts leave out, each customer for the first reason.
  const std::vector<bool> wanted = agree_on(comm, [&] { return wanted_segments(settings, customers.segment_names); });
  const std::vector<std::int32_t> fulfil =
      settings.condition.empty() ? std::vector<std::int32_t>() : fulfilling(settings.condition, customers);
  const std::vector<Index> contacts =
      settings.contacts_limit > 0 ? recent_contacts(context, options, settings, customers) : std::vector<Index>();
  EligibilityCounts& counts = customers.counts;
  for (Index user = 0; user < customers.users.rows.size(); ++user) {
    const auto place = static_cast<std::size_t>(user);
    const std::int32_t segment = customers.segment.empty() ? -1 : customers.segment[place];
    const bool in_segment = settings.segments.empty() || (segment >= 0 && wanted[static_cast<std::size_t>(segment)]);
    if (!in_segment) {
      ++counts.other_segment;
    } else if (!fulfil.empty() && fulfil[place] == 0) {
      ++counts.condition;
    } else if (!contacts.empty() && contacts[place] >= settings.contacts_limit) {
      ++counts.contacts;
    } else {
      customers.places.push_back(user);
    }
  }
  counts.users = dataset.users();
  counts.eligible = std::ssize(customers.places);
  for (Index* count : {&counts.other_segment, &counts.condition, &counts.contacts, &counts.eligible})
    *count = comm.sum(*count);
  warn_of_times(context, options, customers);
  if (counts.eligible == 0) {
    throw AgreedError(
        ExitCode::bad_data,
        fmt::format("{}: no customer of {} is eligible: {} in other segments, {} do not fulfil the "
                    "condition, {} had too many contacts",
                    options.campaign, options.data, counts.other_segment, counts.condition, counts.contacts));
  }
}

}  // namespace rankwise
