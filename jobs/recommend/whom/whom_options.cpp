#include "jobs/recommend/whom/whom_options.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <set>
#include <utility>

#include "io/conditions/condition_text.hpp"
#include "io/log/format.hpp"
#include "jobs/options/choices.hpp"
#include "jobs/options/file_option.hpp"
#include "kernels/base/error.hpp"
#include "kernels/text/number_text.hpp"
#include "kernels/text/shown_text.hpp"

namespace rankwise {

std::string WhomOptions::choosing() const {
  std::vector<std::string_view> given;
  if (!users.empty()) given.emplace_back("--users");
  if (!where_users.empty()) given.emplace_back("--where-users");
  if (!segment.empty()) given.emplace_back("--segment");
  return fmt::format("{}", fmt::join(given, ", "));
}

void describe_whom(boost::program_options::options_description& description, WhomOptions& options) {
  namespace po = boost::program_options;
  // clang-format off
  description.add_options()
    ("users", read_file(&options.users), "users to serve: an id per line, or a CSV with a user column; without it all")
    ("unknown-users", po::value<std::string>()->value_name("skip|popular|error")->default_value("skip")->notifier(
       one_of<UnknownUsers>("unknown-users", options.unknown_users, {{"skip", UnknownUsers::skip}, {"popular", UnknownUsers::popular}, {"error", UnknownUsers::error}})),
     "ids of --users that the dataset does not have: count and skip them, give them the popular items, or stop")
    ("where-users", po::value(&options.where_users)->value_name("CONDITION"),
     "users to serve, by the dataset's table of users: 'age = \"35-44\" and kids > 0', with texts in single quotes; grammar: see prepare --where")
    ("segments", read_file(&options.segments),
     "clustering of users, as kmeans writes it: users whom the model does not know get what is popular in their segment")
    ("segment", po::value(&options.segment)->value_name("N[,N...]"), "serve the users of these segments of --segments alone")
    ("least-group", po::value(&options.least_group)->value_name("USERS")->notifier(within<Index>("least-group", 1, 1'000'000'000)),
     "nothing is listed from what fewer users of a segment have (10)")
    ("for", po::value<std::string>()->value_name("users|segments")->notifier(
       one_of<ListsFor>("for", options.lists_for, {{"users", ListsFor::users}, {"segments", ListsFor::segments}})),
     "a list for each user, or one for each segment, as if it were one customer (users)")
    ("segment-taste", po::value<std::string>()->value_name("mean|votes")->notifier([&options](const std::string& text) {
       one_of<SegmentTaste>("segment-taste", options.taste.emplace(), {{"mean", SegmentTaste::mean}, {"votes", SegmentTaste::votes}})(text);
     }),
     "what a segment likes: the mean of its users' scores, or how many of them have an item in their own list (mean)")
    ("segment-seen", po::value<std::string>()->value_name("allow|exclude")->notifier([&options](const std::string& text) {
       one_of<SegmentSeen>("segment-seen", options.segment_seen.emplace(), {{"allow", SegmentSeen::allow}, {"exclude", SegmentSeen::exclude}})(text);
     }),
     "items that a user of the segment has: the segment's list may have them, or leaves them out (allow)")
    ("log", read_files(&options.logs)->composing(),
     "interactions that the dataset does not have, as prepare --input: their users are served by what dataset and log have of them")
    ("log-columns", po::value(&options.log_columns)->value_name("ROLES"), "which column of --log is what, as prepare --columns");
  // clang-format on
}

std::vector<std::int32_t> parse_segments(std::string_view text) {
  std::set<std::int32_t> numbers;
  for (std::string_view rest = text;;) {
    const std::size_t comma = rest.find(',');
    const auto number = whole_number<std::int32_t>(trimmed(rest.substr(0, comma)));
    if (!number || *number < 0) {
      throw Error(ExitCode::usage,
                  fmt::format("--segment {}: expected numbers of segments from 0, such as 3 or 3,5", shown(text)));
    }
    numbers.insert(*number);
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  return {numbers.begin(), numbers.end()};
}

void require_sense(const WhomOptions& options) {
  if (!options.where_users.empty()) static_cast<void>(parse_condition("--where-users", options.where_users));
  if (!options.segment.empty()) static_cast<void>(parse_segments(options.segment));
  if (options.unknown_users != UnknownUsers::skip && options.users.empty()) {
    throw Error(ExitCode::usage, "--unknown-users has a meaning only with --users");
  }
  if (options.unknown_users == UnknownUsers::popular && !options.where_users.empty()) {
    throw Error(ExitCode::usage,
                "--unknown-users popular contradicts --where-users, which no user fulfils whom the dataset does not "
                "have; expected one of both");
  }
  if (options.lists_for == ListsFor::segments && options.segments.empty()) {
    throw Error(ExitCode::usage, "--for segments needs the file of the segments: --segments FILE");
  }
  if (options.lists_for != ListsFor::segments && (options.taste || options.segment_seen)) {
    throw Error(ExitCode::usage,
                fmt::format("--segment-{} has a meaning only with --for segments", options.taste ? "taste" : "seen"));
  }
  if (options.lists_for == ListsFor::segments && options.unknown_users == UnknownUsers::popular) {
    throw Error(ExitCode::usage, "--unknown-users popular makes lists for users; --for segments expects skip or error");
  }
  if (options.least_group != WhomOptions().least_group && options.segments.empty()) {
    throw Error(ExitCode::usage, "--least-group has a meaning only with --segments");
  }
  if (!options.log_columns.empty() && options.logs.empty()) {
    throw Error(ExitCode::usage, "--log-columns has a meaning only with --log");
  }
  if (!options.log_columns.empty()) {
    const ColumnChoice columns = parse_column_choice(options.log_columns);
    for (const auto& [role, column] : {std::pair("fold", columns.fold), std::pair("split", columns.split),
                                       std::pair("order", columns.order), std::pair("event", columns.event)}) {
      if (column.empty()) continue;
      throw Error(ExitCode::usage, fmt::format("--log-columns: {} has no meaning here; expected user, item, value and "
                                               "time",
                                               role));
    }
  }
  if (!options.segment.empty() && options.segments.empty()) {
    throw Error(ExitCode::usage, "--segment needs the file of the segments: --segments FILE");
  }
}

}  // namespace rankwise
