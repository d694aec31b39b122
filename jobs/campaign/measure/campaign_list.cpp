#include "jobs/campaign/measure/campaign_list.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <map>
#include <utility>

#include "distributed/rows/partition.hpp"
#include "io/campaign/assignment_file.hpp"
#include "io/campaign/group_table.hpp"
#include "jobs/run/compared_input.hpp"
#include "kernels/base/time_units.hpp"
#include "kernels/text/utc_text.hpp"

namespace rankwise {

namespace {

/// Names in order, without the empty one, and the place of each row's, -1 of the empty one.
std::pair<std::vector<std::string>, std::vector<std::int32_t>> numbered(const std::vector<std::string>& texts) {
  std::map<std::string, std::int32_t> places;
  for (const std::string& text : texts) {
    if (!text.empty()) places.emplace(text, 0);
  }
  std::vector<std::string> names;
  for (auto& [name, place] : places) {
    place = static_cast<std::int32_t>(names.size());
    names.push_back(name);
  }
  std::vector<std::int32_t> codes;
  for (const std::string& text : texts) codes.push_back(text.empty() ? -1 : places.at(text));
  return {std::move(names), std::move(codes)};
}

void add_offers(const GroupTable& rows, RowRange mine, CampaignAssignment& assignment) {
  auto [names, codes] = numbered(rows.offers);
  const std::size_t count = names.size();
  assignment.offers = {.names = std::move(names),
                       .categories = std::vector<std::string>(count),
                       .channels = std::vector<std::string>(count),
                       .cost_millionths = std::vector<std::int64_t>(count, 0),
                       .margin_millionths = std::vector<std::int64_t>(count, 0),
                       .capacity = std::vector<Index>(count, CampaignOffers::unlimited)};
  OfferLines& lines = assignment.lines;
  for (auto row = static_cast<std::size_t>(mine.begin); row < static_cast<std::size_t>(mine.end); ++row) {
    if (!codes.empty() && codes[row] >= 0) {
      lines.offers.push_back(codes[row]);
      lines.value_millionths.push_back(0);
      lines.intended.push_back(1);
      lines.sent.push_back(rows.groups[row] == CustomerGroup::treated ? 1 : 0);
    }
    lines.offsets.push_back(std::ssize(lines.offers));
  }
}

template <class Value>
std::vector<Value> part_of(const std::vector<Value>& all, RowRange mine) {
  if (all.empty()) return {};
  return {all.begin() + mine.begin, all.begin() + mine.end};
}

template <class Value>
void keep(std::vector<Value>& values, const std::vector<char>& is_kept) {
  if (values.empty()) return;
  std::size_t kept = 0;
  for (std::size_t row = 0; row < values.size(); ++row) {
    if (is_kept[row] == 0) continue;
    if (kept != row) values[kept] = std::move(values[row]);
    ++kept;
  }
  values.resize(kept);
}

/// Whoever's outcomes end after the log, or begin before it, counts with less than others do. If all have one time, the
/// share of it that is covered is said instead. Returns how many rows were left out.
Index leave_out_uncovered(GroupTable& rows, const std::string& path, std::int64_t horizon_seconds, const LogSpan& log) {
  if (rows.begins.empty() || std::ranges::count(rows.begins, rows.begins.front()) == std::ssize(rows.begins)) return 0;
  std::vector<char> is_covered;
  for (const std::int64_t begin : rows.begins)
    is_covered.push_back(log.begins_by(begin) && log.reaches(begin + horizon_seconds * millionths) ? 1 : 0);
  const auto covered = std::ranges::count(is_covered, char{1});
  if (covered == 0) {
    throw Error(ExitCode::bad_data,
                fmt::format("{}: the log of outcomes ({} to {}) covers no customer's time of {:g} days; expected a log "
                            "of later purchases, or a shorter --horizon",
                            path, utc_text(log.begin_seconds), utc_text(log.end_seconds),
                            static_cast<double>(horizon_seconds) / seconds_per_day));
  }
  keep(rows.users, is_covered);
  keep(rows.groups, is_covered);
  keep(rows.segments, is_covered);
  keep(rows.offers, is_covered);
  keep(rows.begins, is_covered);
  return std::ssize(is_covered) - covered;
}

/// Every rank reads the table and keeps its share.
CampaignList read_table(const Communicator& comm, const std::string& path, const ForeignTerms& terms,
                        const LogSpan& log) {
  if (!terms.horizon_seconds)
    throw Error(ExitCode::usage, fmt::format("{}: is a table of users and groups: it needs --horizon", path));
  GroupTable rows = read_group_table(path);
  if (!terms.start_microseconds && rows.begins.empty()) {
    throw Error(ExitCode::usage,
                fmt::format("{}: is a table of users and groups without a column time: it needs --start", path));
  }
  if (terms.start_microseconds && !rows.begins.empty()) {
    throw Error(ExitCode::usage, fmt::format("{}: has a column time; expected either that or --start", path));
  }
  CampaignList list;
  list.left_out = leave_out_uncovered(rows, path, *terms.horizon_seconds, log);
  CampaignAssignment& assignment = list.assignment;
  assignment.terms.campaign = std::filesystem::path(path).filename().string();
  assignment.terms.goal = terms.goal.value_or(CampaignGoal::revenue);
  assignment.terms.start_microseconds =
      terms.start_microseconds ? *terms.start_microseconds : *std::ranges::min_element(rows.begins);
  assignment.terms.horizon_seconds = *terms.horizon_seconds;
  const Index total = std::ssize(rows.users);
  const RowRange mine = Partition::by_count(total, comm.size()).range(comm.rank());
  assignment.ids = {mine, total, part_of(rows.users, mine)};
  assignment.groups = part_of(rows.groups, mine);
  auto [segments, segment_of] = numbered(rows.segments);
  list.has_segments = !segments.empty();
  assignment.segments = std::move(segments);
  assignment.segment_of = list.has_segments ? part_of(segment_of, mine)
                                            : std::vector<std::int32_t>(static_cast<std::size_t>(mine.size()), -1);
  add_offers(rows, mine, assignment);
  list.has_offers = assignment.offers.size() > 0;
  list.begin_microseconds = part_of(rows.begins, mine);
  list.expected_control_share = terms.hold_out_share.value_or(0);
  return list;
}

/// Controls are exactly the first floor(share x customers) of each stratum, whatever its size.
double drawn_control_share(const Communicator& comm, const CampaignAssignment& assignment) {
  std::vector<Index> customers(assignment.strata.size(), 0);
  for (std::size_t place = 0; place < assignment.groups.size(); ++place) {
    if (assignment.groups[place] != CustomerGroup::global_control)
      ++customers[static_cast<std::size_t>(assignment.stratum_of[place])];
  }
  comm.all_reduce_sum(std::span<Index>(customers));
  Index controls = 0;
  Index all = 0;
  for (const Index count : customers) {
    all += count;
    controls += count / millionths * assignment.terms.hold_out_millionths +
                count % millionths * assignment.terms.hold_out_millionths / millionths;
  }
  return all > 0 ? static_cast<double>(controls) / static_cast<double>(all) : 0;
}

CampaignList read_fixed(const JobContext& context, const std::string& path, const ForeignTerms& terms) {
  const Communicator& comm = context.comm;
  if (terms.any()) {
    throw AgreedError(ExitCode::usage,
                      fmt::format("{}: says its start, horizon, goal and hold-out itself; expected no --start, "
                                  "--horizon, --goal and --hold-out",
                                  path));
  }
  const AssignmentReader reader(comm, path, context.common.input_check);
  warn_if_not_compared(context, reader, path);
  CampaignList list;
  list.assignment = reader.read(Partition::by_count(reader.users(), comm.size()).range(comm.rank()));
  const CampaignTerms& fixed = list.assignment.terms;
  if (fixed.created_microseconds > fixed.start_microseconds) {
    throw AgreedError(
        ExitCode::bad_data,
        fmt::format("{}: was made at {}, when outcomes had begun ({}); expected a list that was fixed before", path,
                    utc_text(fixed.created_microseconds / millionths),
                    utc_text(fixed.start_microseconds / millionths)));
  }
  list.is_fixed = true;
  list.dataset_digest = reader.provenance().dataset_digest;
  list.has_segments = !list.assignment.segments.empty();
  list.has_offers = list.assignment.offers.size() > 0;
  list.expected_control_share = drawn_control_share(comm, list.assignment);
  list.expected_global_share = static_cast<double>(fixed.global_hold_out_millionths) / static_cast<double>(millionths);
  return list;
}

}  // namespace

CampaignList read_campaign_list(const JobContext& context, const std::string& path, const MeasureOptions& options,
                                const LogSpan& log) {
  const bool is_table = agree_on(context.comm, [&] { return is_group_table(path); });
  CampaignList list = is_table
                          ? agree_on(context.comm, [&] { return read_table(context.comm, path, options.foreign, log); })
                          : read_fixed(context, path, options.foreign);
  list.file = std::filesystem::path(path).filename().string();
  if (list.assignment.terms.goal == CampaignGoal::margin && options.margin.empty())
    throw AgreedError(ExitCode::usage, fmt::format("{}: its goal is margin, which needs --margin", path));
  return list;
}

}  // namespace rankwise
