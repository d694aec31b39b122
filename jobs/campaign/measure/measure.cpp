// Sample runs:
//   rankwise campaign measure --assignment spring.h5 --outcomes next-quarter.h5
//   rankwise campaign measure --assignment spring.h5 --outcomes next-quarter.h5 --margin 0.3 --uplift uplift.csv
//     --output spring.json --report spring.html
//   rankwise campaign measure --assignment groups.csv --start 2017-03-01 --horizon 28d --outcomes shop.h5

#include "jobs/campaign/measure/measure.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>
#include <utility>

#include "distributed/rows/id_matching.hpp"
#include "distributed/rows/partition.hpp"
#include "io/config/json_text.hpp"
#include "io/files/commit.hpp"
#include "io/log/id_list.hpp"
#include "jobs/campaign/measure/campaign_list.hpp"
#include "jobs/campaign/measure/comparisons.hpp"
#include "jobs/campaign/measure/measure_json.hpp"
#include "jobs/campaign/measure/measure_page.hpp"
#include "jobs/campaign/measure/measure_table.hpp"
#include "jobs/campaign/measure/next_period.hpp"
#include "jobs/campaign/measure/verdict.hpp"
#include "jobs/run/standard_output.hpp"
#include "jobs/run/text_output.hpp"
#include "kernels/base/time_units.hpp"
#include "kernels/statistics/multiple_tests.hpp"
#include "kernels/text/counted.hpp"
#include "kernels/text/utc_text.hpp"

namespace rankwise {

namespace {

constexpr std::string_view notes =
    R"(Customers count in the group that the list has them in, whether the campaign reached them or not (intention to treat);
those who bought nothing count as 0. Purchases are orders of the dataset from the start to before start + horizon.
  buyers      customers with an order whose amount is 0 or more, per customer of the list
  orders      such orders per customer
  revenue     amounts of all orders per customer, returns subtracted; margin: what --margin says of it
  difference  treated less controls; Welch's t test and its 95% interval. That of the campaign's goal decides
  by past     the same, less what spend before explains (CUPED): theta = cov(Y, X) / var(X) over both groups, X being the
              spend of as long a time before, and whether there was none
  relative    the difference over the mean of the controls; interval by the delta method
  cut         money above the 99.9th percentile of both groups together counts as this percentile
  sizes       chi-square test of the groups' sizes against the drawn shares; p below 0.001 is an alarm: no verdict
Segments and offers: adjusted p values are over all of both (Benjamini and Hochberg); several campaigns: over their goals.
An offer's customers are those for whom it was intended, treated or not. Tenths are by the value that was expected.
--uplift: extra margin per customer, and the same drawn toward the mean of all cells by its precision (DerSimonian and
Laird). Not printed: what is about fewer than --least-group customers or buyers of a group, sums of which one customer has
more than half, and numbers that would give these back by a total.)";

constexpr auto treated_place = static_cast<std::size_t>(CustomerGroup::treated);
constexpr auto control_place = static_cast<std::size_t>(CustomerGroup::control);
constexpr auto global_place = static_cast<std::size_t>(CustomerGroup::global_control);

void count_groups(const Communicator& comm, const CampaignList& list, CampaignFindings& findings) {
  for (const CustomerGroup group : list.assignment.groups) ++findings.customers[static_cast<std::size_t>(group)];
  comm.all_reduce_sum(std::span<Index>(findings.customers));
}

/// Sizes of groups against the shares that were drawn, if these are known and both groups should have somebody.
void check_sizes(const CampaignList& list, CampaignFindings& findings) {
  if (!(list.expected_control_share > 0)) return;
  const double others = 1 - list.expected_global_share;
  findings.expected_shares[treated_place] = others * (1 - list.expected_control_share);
  findings.expected_shares[control_place] = others * list.expected_control_share;
  findings.expected_shares[global_place] = list.expected_global_share;
  std::array<Index, customer_group_count> counts = findings.customers;
  if (!list.is_fixed) counts[global_place] = 0;  // nobody says what share of all they are
  findings.sample_ratio = sample_ratio_test(counts, findings.expected_shares);
}

/// What of the campaign's time the log covers.
double covered_share(const NextPeriod& period, const CampaignTerms& terms) {
  const std::int64_t covered = std::min(period.last_microseconds, terms.end_microseconds()) - terms.start_microseconds;
  return static_cast<double>(covered) / static_cast<double>(terms.end_microseconds() - terms.start_microseconds);
}

/// Spend of the treated before and in the campaign's time. Collective.
void compare_with_before(const Communicator& comm, const CampaignList& list, const ListOutcomes& bought,
                         Index least_group, CampaignFindings& findings) {
  if (!bought.has_past) return;
  std::vector<std::int32_t> groups;
  std::vector<CellMember> members;
  for (const CustomerGroup group : list.assignment.groups) {
    members.push_back({static_cast<std::int32_t>(groups.size()), 0});
    groups.push_back(group == CustomerGroup::treated ? 0 : -1);
  }
  const auto sums_of = [&](const std::vector<std::int64_t>& values) {
    return sum_outcomes(comm, members, 1, groups, 1, values, bought.past_millionths).front();
  };
  const GroupOutcome after = sums_of(bought.outcomes.revenue_millionths);
  const GroupOutcome before = sums_of(bought.past_millionths);
  const auto is_printed = [&](const GroupOutcome& group) {
    return group.contributors >= least_group && !group.is_dominated();
  };
  findings.before_and_after = {.is_printed = is_printed(before) && is_printed(after),
                               .before = outcome_moments(before.sums).mean,
                               .after = outcome_moments(after.sums).mean};
}

/// The share of treated customers whom the file of --redemptions has. Collective.
void count_redemptions(const JobContext& context, const MeasureOptions& options, const CampaignList& list,
                       CampaignFindings& findings) {
  if (options.redemptions.empty()) return;
  const Communicator& comm = context.comm;
  const IdList redeemed = read_user_list(comm, options.redemptions);
  const Index total = std::ssize(redeemed.ids);
  const RowRange mine = Partition::by_count(total, comm.size()).range(comm.rank());
  std::vector<std::string> ids;
  for (Index place = mine.begin; place < mine.end; ++place)
    ids.push_back(redeemed.ids[static_cast<std::size_t>(place)].id);
  const std::vector<Index> rows = find_rows_by_id(comm, list.assignment.ids, {mine, total, std::move(ids)});
  Index count = 0;
  Index of_others = 0;
  for (std::size_t customer = 0; customer < rows.size(); ++customer) {
    if (rows[customer] < 0) continue;
    ++(list.assignment.groups[customer] == CustomerGroup::treated ? count : of_others);
  }
  count = comm.sum(count);
  of_others = comm.sum(of_others);
  const Index treated = findings.customers[treated_place];
  const bool is_printed = std::min(count, treated - count) >= options.least_group;
  findings.redeemed_share =
      is_printed ? static_cast<double>(count) / static_cast<double>(treated) : std::numeric_limits<double>::quiet_NaN();
  if (redeemed.missing > 0) {
    context.report.warning(
        fmt::format("{}: {} without a user: left out", options.redemptions, counted(redeemed.missing, "record")));
  }
  if (of_others > 0) {
    context.report.warning(
        fmt::format("{}: customers who were not treated took the offer up: it reached others than the list says",
                    options.redemptions));
  }
}

/// What was sent costs, whatever became of it. Collective.
void account_for_cost(const Communicator& comm, const CampaignList& list, CampaignFindings& findings) {
  const CampaignAssignment& assignment = list.assignment;
  Index cost = 0;
  for (std::size_t line = 0; line < assignment.lines.offers.size(); ++line) {
    if (assignment.lines.sent[line] != 0)
      cost += assignment.offers.cost_millionths[static_cast<std::size_t>(assignment.lines.offers[line])];
  }
  cost = comm.sum(cost);
  const auto margin = std::ranges::find(findings.comparisons, Outcome::margin, &Comparison::outcome);
  if (cost == 0 || margin == findings.comparisons.end() || !margin->is_printed) return;
  const auto treated = static_cast<double>(findings.customers[treated_place]);
  ReturnOnCost money;
  money.cost = static_cast<double>(cost) / static_cast<double>(millionths);
  money.margin = margin->difference;
  money.margin.value *= treated;
  money.margin.standard_error *= treated;
  money.margin.interval = {margin->difference.interval.low * treated, margin->difference.interval.high * treated};
  money.ratio = money.margin.value / money.cost - 1;
  money.interval = {money.margin.interval.low / money.cost - 1, money.margin.interval.high / money.cost - 1};
  findings.return_on_cost = money;
}

/// Whether each customer's time is made of whole days. Collective.
bool is_of_days(const Communicator& comm, const CampaignList& list) {
  constexpr std::int64_t day_microseconds = seconds_per_day * millionths;
  const CampaignTerms& terms = list.assignment.terms;
  const auto is_midnight = [](std::int64_t time) { return time % day_microseconds == 0; };
  const bool is_mine = is_midnight(terms.start_microseconds) && is_midnight(terms.end_microseconds()) &&
                       std::ranges::all_of(list.begin_microseconds, is_midnight);
  return comm.min(Index{is_mine ? 1 : 0}) > 0;
}

/// Collective.
void list_time_caveats(const Communicator& comm, const NextPeriod& period, const CampaignList& list,
                       CampaignFindings& findings) {
  if (!period.has_days || is_of_days(comm, list)) return;
  findings.caveats.emplace_back(
      "the dataset has orders of days (--orders day), each with the time of its first line, and the campaign's time "
      "does "
      "not begin and end at 00:00 UTC: purchases of its first and last day may count on the wrong side. Prepare the "
      "log "
      "with a column of orders, or choose a start at 00:00 UTC and a horizon of whole days");
}

CampaignFindings measure_campaign(const JobContext& context, const MeasureOptions& options, const NextPeriod& period,
                                  const std::string& path) {
  const Communicator& comm = context.comm;
  const CampaignList list = read_campaign_list(context, path, options, period.log);
  CampaignFindings findings;
  findings.file = list.file;
  findings.terms = list.assignment.terms;
  findings.is_fixed = list.is_fixed;
  count_groups(comm, list, findings);
  const ListOutcomes bought = measure_outcomes(context, period, list);
  findings.in_outcomes = bought.found;
  findings.unknown = bought.unknown;
  findings.left_out = list.left_out;
  findings.filters = period.filters;
  list_time_caveats(comm, period, list, findings);
  findings.others_with_orders = bought.others_with_orders;
  findings.others_orders = bought.others_orders;
  findings.covered_share = covered_share(period, findings.terms);
  findings.has_past = bought.has_past;
  count_redemptions(context, options, list, findings);
  if (findings.customers[treated_place] == 0 || findings.customers[control_place] == 0) {
    compare_with_before(comm, list, bought, options.least_group, findings);
    return findings;
  }
  check_sizes(list, findings);
  if (findings.sample_ratio && findings.sample_ratio->is_alarm()) return findings;
  compare_list(comm, list, bought, options.least_group, findings);
  if (!findings.deciding()->is_printed) return findings;
  compare_cells(comm, list, bought, options.least_group, findings);
  compare_deciles(comm, list, bought, options.least_group, findings);
  account_for_cost(comm, list, findings);
  return findings;
}

/// Over the deciding numbers of all campaigns that have one.
void adjust_for_campaigns(std::vector<CampaignFindings>& campaigns) {
  std::vector<double> p_values;
  for (const CampaignFindings& each : campaigns) {
    const Comparison* const deciding = each.deciding();
    p_values.push_back(deciding != nullptr && deciding->is_printed ? deciding->difference.p
                                                                   : std::numeric_limits<double>::quiet_NaN());
  }
  const std::vector<double> adjusted = adjusted_p_values(p_values);
  for (std::size_t place = 0; place < campaigns.size(); ++place) campaigns[place].p_adjusted = adjusted[place];
}

std::string shown_count(Index count, Index least_group) {
  return count < least_group ? fmt::format("fewer than {}", least_group) : std::to_string(count);
}

/// Customers whom the dataset does not have, if they are many, and more others bought than customers of the list: where
/// both write ids alike, many are unknown only because they bought nothing.
void list_unknown(const MeasureOptions& options, CampaignFindings& findings) {
  constexpr double many = 0.2;
  const auto share = [&](std::size_t group) {
    const auto customers = static_cast<double>(findings.customers[group]);
    return customers > 0 ? static_cast<double>(findings.unknown[group]) / customers : 0;
  };
  const Index customers = findings.customers[treated_place] + findings.customers[control_place];
  const Index unknown = findings.unknown[treated_place] + findings.unknown[control_place];
  if (!(static_cast<double>(unknown) > many * static_cast<double>(customers))) return;
  if (findings.others_with_orders <= customers - unknown) return;
  const auto text = [&](std::size_t group) {
    const Index known = findings.customers[group] - findings.unknown[group];
    const bool is_printed = std::min(findings.unknown[group], known) >= options.least_group;
    return is_printed ? percent(share(group)) : std::string("a share that is not printed");
  };
  findings.caveats.push_back(
      fmt::format("many customers of the list ({} of treated, {} of controls) are not in the dataset of outcomes and "
                  "count as buyers of nothing. Check that both write ids alike",
                  text(treated_place), text(control_place)));
}

/// What makes a verdict weaker, or numbers other than a reader thinks.
void list_caveats(const MeasureOptions& options, const NextPeriod& period, CampaignFindings& findings) {
  auto& caveats = findings.caveats;
  if (!findings.is_fixed)
    caveats.emplace_back("nothing shows that the groups were fixed before their outcomes were known");
  if (!findings.is_fixed && !findings.sample_ratio && findings.customers[control_place] > 0)
    caveats.emplace_back("the sizes of the groups are not checked: nothing says what share was held out (--hold-out)");
  if (!period.log.reaches(findings.terms.end_microseconds())) {
    caveats.push_back(
        fmt::format("the log of outcomes ends after {} of the campaign's time", percent(findings.covered_share)));
  }
  if (findings.left_out > 0) {
    caveats.push_back(
        fmt::format("{} customers of the list are left out: the log of outcomes does not cover their own time",
                    shown_count(findings.left_out, options.least_group)));
  }
  if (!period.filters.empty()) {
    caveats.push_back(
        fmt::format("the dataset of outcomes was prepared with {}: customers and purchases that this removed count as "
                    "nothing bought. Prepare outcomes without it",
                    fmt::join(period.filters, ", ")));
  }
  list_unknown(options, findings);
  if (!period.log.begins_by(findings.terms.start_microseconds))
    caveats.emplace_back(
        "the log of outcomes begins more than a day after the campaign: earlier purchases are missing");
  if (!findings.has_past) {
    caveats.push_back(fmt::format("spend before the campaign is not known, so nothing is adjusted by it: {}",
                                  findings.is_fixed ? "the list was made without orders, or nobody on it had any"
                                                    : "the log does not reach back as far as the campaign takes"));
  }
  if (findings.others_with_orders > 0) {
    caveats.push_back(
        fmt::format("{} customers who are not on the list bought in the campaign's time: they are left "
                    "out",
                    shown_count(findings.others_with_orders, options.least_group)));
  }
  if (findings.cells_hidden > 0) {
    caveats.push_back(
        fmt::format("{} by segment, offer or tenth {} not printed: of too few customers or buyers, or needed to hide "
                    "such",
                    counted(findings.cells_hidden, "comparison"), verb(findings.cells_hidden, "is", "are")));
  }
  if (findings.uplifts_hidden > 0) {
    caveats.push_back(fmt::format("{} of a segment and an offer {} not printed, for the same reasons",
                                  counted(findings.uplifts_hidden, "uplift"),
                                  verb(findings.uplifts_hidden, "is", "are")));
  }
}

void warn_of_period(const JobContext& context, const MeasureOptions& options, const NextPeriod& period) {
  if (period.lines_without_price > 0) {
    context.report.warning(fmt::format("--money {}: {} of orders have items without a number: they count as 0",
                                       options.money, counted(period.lines_without_price, "line")));
  }
  if (period.log.orders_apart > 0) {
    context.report.warning(fmt::format(
        "{}: {} {} far from all others in time, as by a wrong date; the log is taken to reach from {} to {}",
        period.file, counted(period.log.orders_apart, "order"), verb(period.log.orders_apart, "lies", "lie"),
        utc_text(period.log.begin_seconds), utc_text(period.log.end_seconds)));
  }
  if (period.items_without_margin > 0) {
    context.report.warning(fmt::format("--margin {}: {} {} no number: their margin counts as 0", options.margin,
                                       counted(period.items_without_margin, "item"),
                                       verb(period.items_without_margin, "has", "have")));
  }
  if (options.least_group < 10) {
    context.report.warning(
        fmt::format("--least-group {}: numbers about fewer than ten customers are printed", options.least_group));
  }
}

/// Verdicts, warnings and events of all campaigns.
void tell(const JobContext& context, const MeasureOptions& options, const NextPeriod& period,
          MeasureFindings& findings) {
  std::size_t compared = 0;
  for (const CampaignFindings& each : findings.campaigns)
    compared += each.deciding() != nullptr && each.deciding()->is_printed ? 1 : 0;
  for (CampaignFindings& each : findings.campaigns) {
    list_caveats(options, period, each);
    judge(each, options.least_group, compared);
    if (each.verdict == CampaignVerdict::no_control || each.verdict == CampaignVerdict::sample_ratio ||
        each.verdict == CampaignVerdict::too_few) {
      context.report.warning(fmt::format("{}: {}", each.file, each.sentences.front()));
    }
    for (const std::string& caveat : each.caveats) context.report.warning(fmt::format("{}: {}", each.file, caveat));
    context.report.event("measured", {{"campaign", each.terms.campaign},
                                      {"verdict", std::string(verdict_word(each.verdict))},
                                      {"p", each.p_adjusted}});
  }
}

void check_outputs(const Communicator& comm, const MeasureOptions& options) {
  for (const std::string& path : {options.output, options.report, options.uplift}) {
    if (!path.empty()) check_output(comm, path);
  }
}

void write_uplift(const MeasureOptions& options, JobContext& context, const CampaignFindings& findings) {
  if (options.uplift.empty()) return;
  if (findings.uplifts.empty()) {
    context.report.warning(fmt::format("{}: has no lines: no segment and offer may be printed", options.uplift));
  }
  write_from_root(context, options.uplift, uplift_csv(findings));
}

}  // namespace

void measure_campaigns(const MeasureOptions& options, JobContext& context) {
  const Communicator& comm = context.comm;
  check_outputs(comm, options);

  // 1. Who bought what in the campaign's time.
  auto timer = std::make_unique<Report::PhaseTimer>(context.report, "read");
  const NextPeriod period = read_next_period(context, options);
  warn_of_period(context, options, period);
  timer.reset();

  // 2. Treated customers beside controls, campaign after campaign.
  timer = std::make_unique<Report::PhaseTimer>(context.report, "measure");
  MeasureFindings findings;
  findings.provenance = context.provenance("measure", period.dataset->provenance().dataset_digest);
  findings.outcomes_file = period.file;
  findings.log = period.log;
  findings.filters = period.filters;
  findings.least_group = options.least_group;
  for (const std::string& path : options.assignments)
    findings.campaigns.push_back(measure_campaign(context, options, period, path));
  timer.reset();

  // 3. What decides, over all campaigns, in plain words.
  adjust_for_campaigns(findings.campaigns);
  tell(context, options, period, findings);
  if (comm.is_root()) {
    for (const CampaignFindings& each : findings.campaigns)
      print_result(measure_table(each, options.least_group) + "\n");
  }

  // 4. The same for files.
  const nlohmann::ordered_json json = measure_json(findings);
  write_from_root(context, options.output, json_text(json, 1) + "\n");
  if (!options.report.empty()) write_from_root(context, options.report, measure_page(json_text(json, one_line)));
  write_uplift(options, context, findings.campaigns.front());
}

namespace {

RunJob describe_job(boost::program_options::options_description& description) {
  const auto options = std::make_shared<MeasureOptions>();
  describe_measure_options(description, *options);
  return {[options](JobContext& context) {
            agree_on(context.comm, [&] { require_sense(*options); });
            measure_campaigns(*options, context);
          },
          [options] { require_sense(*options); }};
}

}  // namespace

Job campaign_measure_job() {
  return {"campaign measure", "what a campaign brought: its list + the next period's log -> verdict, uplifts", notes,
          describe_job};
}

}  // namespace rankwise
