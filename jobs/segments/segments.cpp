// Sample runs:
//   rankwise segments --data shop.h5 --segments clusters.h5 --output segments.json --report segments.html
//   rankwise segments --data shop.h5 --segments clusters.h5 --profile customers.h5 --names names.csv
//     --against last-clusters.h5 --against-data last-shop.h5 --report segments.html

#include "jobs/segments/segments.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <filesystem>
#include <fmt/format.h>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "distributed/segments/group_sums.hpp"
#include "io/config/json_text.hpp"
#include "io/dataset/dataset_tables.hpp"
#include "io/files/commit.hpp"
#include "jobs/run/standard_output.hpp"
#include "jobs/run/text_output.hpp"
#include "jobs/segments/customer_list.hpp"
#include "jobs/segments/findings.hpp"
#include "jobs/segments/measures/anonymous_rows.hpp"
#include "jobs/segments/measures/attributes.hpp"
#include "jobs/segments/measures/division.hpp"
#include "jobs/segments/measures/money.hpp"
#include "jobs/segments/measures/quarter.hpp"
#include "jobs/segments/measures/typical_customers.hpp"
#include "jobs/segments/segments_csv.hpp"
#include "jobs/segments/segments_json.hpp"
#include "jobs/segments/segments_page.hpp"
#include "jobs/segments/sentences.hpp"
#include "kernels/text/counted.hpp"

namespace rankwise {

namespace {

constexpr std::size_t most_typical = 3;
constexpr std::size_t most_recommended = 10;
constexpr Index usual_replicates = 20;

constexpr std::string_view notes =
    R"(Customers are all users of the dataset, whatever part of it they are in. Each belongs to one group: a segment, (no segment),
or (small segments), which are those of fewer than --least-group customers, with the next larger ones until they are enough.
  lift        share of the segment's customers with a value over the share of all other customers with it; 95% interval by
              the logarithm (Katz); two-sided z test, Fisher's exact test if a count is expected below 5; p values are
              adjusted over all cells of the report (Benjamini and Hochberg)
  reasons     five lifts of adjusted p at most 0.05 whose intervals are furthest from 1: the first of each attribute, then more
  silhouettes how well customers fit their segments, with --points; doubtful: a simplified silhouette below 0.1
  stability   mean Jaccard similarity of a segment to the most similar one of a bootstrap sample (Hennig 2007)
  numbers     quartiles (type 7), and the mean without the lowest and highest 10%
  matches     clusters of both quarters in pairs that have as many customers in common as possible (Hungarian method); values
              of a column are the same segment in both
  sleeping    customers of both quarters without an order since last quarter's log ended
  drift       population stability index over the tenths of last quarter, or over categories; Kolmogorov and Smirnov's
              test of numbers, chi-square test of categories; adjusted p values
Not printed: counts from 1 to below --least-group; sums of fewer customers, or of which one has more than half; and numbers
that would give these back by a total. --export leaves values empty that fewer customers of a segment share (k-anonymity).
Zeros are not printed either. Typical customers are printed only if users have
pseudonyms. Clusters that were made of the same log differ in its items by construction: lifts then say in which, and p
values say less than they do of a column that nobody fitted to the log.)";

void check_outputs(const Communicator& comm, const SegmentsOptions& options) {
  for (const std::string& path : {options.output, options.report, options.customers}) {
    if (!path.empty()) check_output(comm, path);
  }
}

/// The table of users to describe customers by: that of the profile, else the dataset's own if it has one. Collective.
std::optional<UserTable> read_profile(const JobContext& context, const std::string& profile, const std::string& data) {
  if (!profile.empty()) return read_users(context.comm, profile, context.common.input_check);
  if (data.empty() || !DatasetTablesReader(context.comm, data, context.common.input_check).users()) return std::nullopt;
  return read_users(context.comm, data, context.common.input_check);
}

/// What a quarter's files say.
struct QuarterFiles {
  std::string data;
  std::string profile;
  std::string clustering;
  std::string division_table;  ///< a table of users whose column divides; empty: that of the profile or the data
};

Division read_division(const JobContext& context, const SegmentsOptions& options, const QuarterFiles& files,
                       const std::optional<UserTable>& users, const SegmentNames& names) {
  if (options.segment_column.empty()) return read_clusters(context, files.clustering, names);
  if (!files.division_table.empty()) {
    return divide_by_column(context, read_users(context.comm, files.division_table, context.common.input_check),
                            files.division_table, options.segment_column, names);
  }
  const std::string& path = files.profile.empty() ? files.data : files.profile;
  if (!users) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("{}: holds no table of users, which --segment-column needs; expected --profile FILE, "
                                  "or a dataset of prepare --users FILE",
                                  path));
  }
  return divide_by_column(context, *users, path, options.segment_column, names);
}

/// The file that says which segment a customer is in.
const std::string& division_path(const SegmentsOptions& options) {
  if (options.segment_column.empty()) return options.clustering;
  return options.profile.empty() ? options.data : options.profile;
}

std::vector<GroupSummaries> summarize_columns(const Communicator& comm, const Quarter& quarter, const Groups& groups) {
  std::vector<GroupSummaries> summaries;
  for (const TableColumn& column : quarter.columns) {
    if (const auto* numbers = std::get_if<Numbers>(&column.values))
      summaries.push_back({column.name, summarize_by_group(comm, *numbers, groups.of_row, groups.count())});
  }
  return summaries;
}

/// What of the tables is of no use.
void warn_of_quarter(const JobContext& context, const Quarter& quarter, const std::string& data, Index least) {
  if (quarter.without_profile > 0) {
    context.report.warning(fmt::format("{} of {} have no row in the table of users",
                                       shown_customers(quarter.without_profile, least), data));
  }
  if (quarter.unknown_rows > 0) {
    context.report.warning(fmt::format("{} of the table of users are not in {}: left out",
                                       shown_customers(quarter.unknown_rows, least), data));
  }
}

/// The segments of the dataset's customers. Throws AgreedError(bad_data) if the division has none of them; warns of
/// others that it has.
DividedRows divide_customers(const JobContext& context, const Division& division, const std::string& path,
                             const IdRows& ids, const std::string& data, Index least) {
  DividedRows divided = divide(context.comm, division, ids);
  if (divided.found == 0) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("{}: has none of the customers of {}; expected segments of them", path, data));
  }
  if (const Index outside = division.ids.total_rows - divided.found; outside > 0) {
    context.report.warning(
        fmt::format("{} of the segments are not in {}: left out", shown_customers(outside, least), data));
  }
  return divided;
}

/// Last quarter's groups and customers.
struct Before {
  std::optional<Quarter> quarter;
  Division division;
  Groups groups;
  std::optional<std::vector<TableColumn>> columns;  ///< to compare with; nothing if there are no files of them

  [[nodiscard]] const IdRows& ids() const { return quarter ? quarter->ids : division.ids; }
};

Before read_before(const JobContext& context, const SegmentsOptions& options) {
  const Communicator& comm = context.comm;
  const AgainstSettings& against = options.against;
  Before before;
  std::optional<UserTable> users = read_profile(context, against.profile, against.data);
  if (!users && !options.segment_column.empty()) users = read_users(comm, against.division, context.common.input_check);
  if (!against.data.empty()) before.quarter = read_quarter(context, against.data, users, options.money);
  if (before.quarter) {
    before.columns = before.quarter->columns;
  } else if (users) {
    before.columns = users->table.columns;
  }
  if (before.quarter) warn_of_quarter(context, *before.quarter, against.data, options.least_group);
  before.division = read_division(context, options, {against.data, against.profile, against.division, against.division},
                                  users, read_segment_names(comm, against.names));
  std::vector<std::int32_t> segments = before.division.segments;
  if (before.quarter) {
    segments = divide_customers(context, before.division, against.division, before.quarter->ids, against.data,
                                options.least_group)
                   .segments;
  }
  before.groups = form_groups(comm, before.division, segments, options.least_group, against.division);
  return before;
}

/// Segments without a name of their own take over the name of the segment that they match, but if another segment
/// has it, which is a warning.
void inherit_names(Report& report, const SegmentNames& given, const SegmentNames& given_before, const Before& before,
                   const Migration& migration, Groups& groups) {
  for (std::size_t group = 0; group < groups.list.size(); ++group) {
    const std::ptrdiff_t partner = migration.match[group];
    if (partner < 0 || given.contains(groups.list[group].key)) continue;
    const auto name = given_before.find(before.groups.list[static_cast<std::size_t>(partner)].key);
    if (name == given_before.end() || name->second == groups.list[group].name) continue;
    if (std::ranges::find(groups.list, name->second, &Group::name) == groups.list.end()) {
      groups.list[group].name = name->second;
    } else {
      report.warning(fmt::format("{} does not take over last quarter's name {}: another segment has it",
                                 groups.list[group].name, name->second));
    }
  }
}

Changes measure_changes(const JobContext& context, const SegmentsOptions& options, const Quarter& quarter,
                        const SegmentNames& names, SegmentFindings& findings) {
  const Communicator& comm = context.comm;
  const Before before = read_before(context, options);
  const GroupedCustomers now{quarter.ids, findings.groups, quarter.money};
  const GroupedCustomers then{before.ids(), before.groups,
                              before.quarter ? before.quarter->money : std::vector<double>()};
  Changes changes;
  changes.before = before.groups.list;
  changes.customers_before = before.groups.customers;
  changes.migration =
      measure_migration(comm, now, then, options.segment_column.empty() ? Matching::common_customers : Matching::keys,
                        findings.money, options.least_group);
  inherit_names(context.report, names, read_segment_names(comm, options.against.names), before, changes.migration,
                findings.groups);
  const bool has_orders = quarter.dataset->has_orders() && quarter.dataset->log_times().last_seconds;
  const auto last = before.quarter ? before.quarter->dataset->log_times().last_seconds : std::nullopt;
  if (has_orders && last) {
    changes.sleeping = count_sleeping(comm, findings.groups, changes.migration, quarter.last_order_seconds,
                                      static_cast<double>(*last), options.least_group);
  } else {
    findings.left_out.emplace_back("customers who sleep: expected orders with times, and --against-data");
  }
  if (before.columns) {
    changes.drift = measure_drift(comm, *before.columns, quarter.columns, options.segment_column, options.least_group);
    for (const std::string& column : changes.drift->too_small) {
      findings.left_out.push_back(fmt::format("drift of {}: only one value has at least {} customers in both quarters",
                                              column, options.least_group));
    }
  } else {
    findings.left_out.emplace_back("drift of columns: expected --against-data or --against-profile");
  }
  return changes;
}

/// How well customers fit the clusters; nothing, with the reason among what is left out, if the rows are not known.
void measure_fit(const JobContext& context, const SegmentsOptions& options, const Division& division,
                 const Quarter& quarter, SegmentFindings& findings) {
  if (options.clustering.empty()) {
    findings.left_out.emplace_back("silhouettes and stability: values of a column have no centres");
  } else if (options.points.empty()) {
    findings.left_out.emplace_back(
        "silhouettes and stability: expected --points FILE, the rows that were clustered (--input of kmeans)");
  } else {
    const auto timer = context.report.phase("fit");
    const CohesionSettings settings{options.clustering, options.points, options.replicates.value_or(usual_replicates)};
    findings.cohesion =
        measure_cohesion(context, settings, division, quarter.ids, findings.groups, options.least_group);
  }
}

/// Segments that another sample of customers may not have.
void warn_of_unstable(Report& report, const SegmentFindings& findings) {
  if (!findings.cohesion) return;
  for (std::size_t group = 0; group < findings.groups.list.size(); ++group) {
    const std::optional<double>& stability = findings.cohesion->of_group[group].stability;
    if (!stability || *stability >= least_stability) continue;
    report.warning(fmt::format("{}: stability {:.2f}, below {}: another sample of customers may not have this segment",
                               findings.groups.list[group].name, *stability, least_stability));
  }
}

void tell_findings(Report& report, const SegmentsOptions& options, const SegmentFindings& findings) {
  const Groups& groups = findings.groups;
  if (options.least_group < 10)
    report.warning(
        fmt::format("--least-group {}: numbers about fewer than ten customers are printed", options.least_group));
  if (groups.pooled > 0) {
    report.warning(fmt::format("{} {} fewer than {} customers, or {} needed to hide such: they are described together",
                               counted(groups.pooled, "segment"), verb(groups.pooled, "has", "have"),
                               options.least_group, verb(groups.pooled, "is", "are")));
  }
  if (groups.empty > 0)
    report.warning(
        fmt::format("{} {} no customers", counted(groups.empty, "segment"), verb(groups.empty, "has", "have")));
  if (groups.pools_no_segment) {
    report.warning(
        "some customers are in no segment: they are few, or needed to hide small segments, and described with these");
  } else if (groups.in_no_segment > 0) {
    report.warning(fmt::format("{} {} in no segment", counted(groups.in_no_segment, "customer"),
                               verb(groups.in_no_segment, "is", "are")));
  }
  warn_of_unstable(report, findings);
  for (const std::string& reason : findings.left_out) report.warning("left out: " + reason);
  report.event("segments", {{"customers", groups.customers},
                            {"groups", groups.count()},
                            {"pooled", groups.pooled},
                            {"empty", groups.empty}});
}

void print_findings(const SegmentFindings& findings) {
  std::string text;
  for (const std::string& sentence : overview_sentences(findings)) text += sentence + "\n";
  for (std::size_t group = 0; group < findings.groups.list.size(); ++group) {
    const Group& of = findings.groups.list[group];
    text += fmt::format("\n{} ({})\n", of.name, counted(of.customers, "customer"));
    for (const SegmentReason& reason : strongest_reasons(findings.lifts, group, 5))
      text += "  " + reason_sentence(reason) + "\n";
  }
  print_result(text);
}

void write_findings(const SegmentsOptions& options, JobContext& context, const SegmentFindings& findings) {
  const nlohmann::ordered_json json = segments_json(findings);
  const bool is_table = std::filesystem::path(options.output).extension() == ".csv";
  write_from_root(context, options.output, is_table ? segments_csv(json) : json_text(json, 1) + "\n");
  if (!options.report.empty()) write_from_root(context, options.report, segments_page(json_text(json, one_line)));
}

}  // namespace

void describe_segments(const SegmentsOptions& options, JobContext& context) {
  const Communicator& comm = context.comm;
  check_outputs(comm, options);

  // 1. Customers, what is known of them, and the segment of each.
  auto timer = std::make_unique<Report::PhaseTimer>(context.report, "read");
  const SegmentNames names = read_segment_names(comm, options.names);
  const std::optional<UserTable> users = read_profile(context, options.profile, options.data);
  const Quarter quarter = read_quarter(context, options.data, users, options.money);
  const Division division =
      read_division(context, options, {options.data, options.profile, options.clustering, ""}, users, names);
  const std::vector<TableColumn> listed = listed_columns(quarter, options.list_columns, options.data);
  warn_of_quarter(context, quarter, options.data, options.least_group);
  const DividedRows divided =
      divide_customers(context, division, division_path(options), quarter.ids, options.data, options.least_group);
  timer.reset();

  // 2. The groups that may be described, with their money and their numbers.
  timer = std::make_unique<Report::PhaseTimer>(context.report, "describe");
  SegmentFindings findings;
  findings.provenance = context.provenance("segments", quarter.dataset->provenance().dataset_digest);
  findings.data_file = std::filesystem::path(options.data).filename().string();
  findings.least_group = options.least_group;
  findings.most_lifts = options.most_lifts;
  findings.groups = form_groups(comm, division, divided.segments, options.least_group, options.data);
  findings.outside_data = division.ids.total_rows - divided.found;
  if (comm.max(std::ssize(quarter.money)) > 0) {
    findings.money = printed_money(sum_by_group(comm, scale_of(comm, quarter.money), quarter.money,
                                                findings.groups.of_row, findings.groups.count()),
                                   options.least_group);
  } else {
    findings.left_out.emplace_back("money: expected a dataset with orders, or --money COLUMN");
  }
  findings.columns = summarize_columns(comm, quarter, findings.groups);

  // 3. In what each segment differs from all other customers, its typical customers, and what it is recommended.
  const AnonymousRows listed_rows = anonymous_rows(comm, findings.groups, listed, options.least_group);
  CountedAttributes attributes =
      count_attributes(context, quarter, findings.groups, options.data, options.most_items, options.segment_column,
                       listed_rows.withheld > 0 ? options.list_columns : std::vector<std::string>());
  findings.lifts = measure_lifts(attributes.counts, findings.groups, options.least_group);
  std::ranges::move(attributes.left_out, std::back_inserter(findings.left_out));
  if (options.segment_column.empty() && quarter.dataset->pseudonyms()) {
    findings.typical = typical_customers(comm, findings.groups, quarter.ids, divided.distances, most_typical);
  }
  if (!options.lists.empty()) {
    findings.recommended =
        recommended_items(context, options.lists, quarter, findings.groups, most_recommended, options.least_group);
  }
  timer.reset();

  // 4. How well they fit.
  measure_fit(context, options, division, quarter, findings);

  // 5. What has changed since last quarter.
  if (!options.against.division.empty()) {
    const auto phase = context.report.phase("compare");
    findings.changes = measure_changes(context, options, quarter, names, findings);
  }

  // 6. Say it, and write what may be printed.
  tell_findings(context.report, options, findings);
  if (comm.is_root()) print_findings(findings);
  write_findings(options, context, findings);
  if (!options.customers.empty())
    write_customers(context, options.customers, quarter, findings.groups, listed, listed_rows, options.least_group);
}

namespace {

RunJob describe_job(boost::program_options::options_description& description) {
  const auto options = std::make_shared<SegmentsOptions>();
  describe_segments_options(description, *options);
  return {[options](JobContext& context) {
            agree_on(context.comm, [&] { require_sense(*options); });
            describe_segments(*options, context);
          },
          [options] { require_sense(*options); }};
}

}  // namespace

Job segments_job() {
  return {"segments", "describe segments of customers, and what has changed: dataset + clustering -> page", notes,
          describe_job};
}

}  // namespace rankwise
