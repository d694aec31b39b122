#include "jobs/recommend/served_report.hpp"

#include <fmt/format.h>
#include <string>
#include <string_view>

#include "kernels/text/counted.hpp"

namespace rankwise {

namespace {

/// Whose lists they are.
std::string_view subject_of(const RecommendOptions& options) {
  return options.whom.lists_for == ListsFor::segments ? "segment" : "user";
}

/// What leaves so many users out.
std::string leaving_out(const WhomOptions& whom, Index users) {
  return fmt::format("{} {} out",
                     whom.where_users.empty() ? "--segment leaves"
                     : whom.segment.empty()   ? "--where-users leaves"
                                              : "--where-users or --segment leaves",
                     verb(users, "it", "them"));
}

/// Says of lists that are not full why they are not.
void tell_ends(Report& report, const RecommendOptions& options, const Served& served, ModelKind kind) {
  const auto tell_short = [&](Index lists, const std::string& reason) {
    if (lists == 0) return;
    report.line(fmt::format("{} {} fewer than {}: {}", counted(lists, "list"), verb(lists, "has", "have"),
                            counted(options.top, "item"), reason));
  };
  tell_short(served.short_lists - served.short_by_quota - served.short_by_min_score,
             kind == ModelKind::items ? "no others have a score above 0" : "no others are left");
  tell_short(served.short_by_quota, fmt::format("--max-per {} allows no others", options.rules.max_per));
  const std::string below = fmt::format("all others have a score below {}", options.rules.min_score.value_or(0));
  tell_short(served.short_by_min_score, below);
  const auto warn_empty = [&](Index lists, const std::string& reason) {
    if (lists == 0) return;
    report.warning(
        fmt::format("{} {} no list: {}", counted(lists, subject_of(options)), verb(lists, "has", "have"), reason));
  };
  std::string rules = options.seen == SeenItems::allow
                          ? std::string()
                          : fmt::format("--seen {}", options.seen == SeenItems::only ? "only" : "exclude");
  for (const std::string& each :
       {options.rules.choosing(), std::string(options.rules.exclude_pairs.empty() ? "" : "--exclude-pairs")}) {
    if (!each.empty()) rules += (rules.empty() ? "" : ", ") + each;
  }
  const Index others = served.empty_lists - served.empty_by_min_score;
  warn_empty(others, fmt::format("{} {} no item", rules, rules.find(',') == std::string::npos ? "leaves" : "leave"));
  warn_empty(served.empty_by_min_score,
             fmt::format("all items have a score below {}", options.rules.min_score.value_or(0)));
}

}  // namespace

void tell_served(JobContext& context, const RecommendOptions& options, const Served& served, const ServedCounts& counts,
                 ModelKind kind) {
  Report& report = context.report;
  const Index new_users = counts.new_users;
  const std::string_view who = subject_of(options);
  report.line(fmt::format("wrote {}: {} for {}",
                          options.output == standard_output_name ? "standard output"
                          : options.files.split() == FileSplit::none
                              ? options.output
                              : "the files that " + FileFamily(options.output).manifest() + " names",
                          counted(served.recommendations, "recommendation"), counted(served.users, who)));
  if (counts.left_out > 0) {
    report.line(fmt::format("{} of --users {} no list: {}", counted(counts.left_out, "user"),
                            verb(counts.left_out, "has", "have"), leaving_out(options.whom, counts.left_out)));
  }
  if (counts.log_left_out > 0) {
    report.warning(fmt::format("{} of --log {} no list: {}", counted(counts.log_left_out, "user"),
                               verb(counts.log_left_out, "has", "have"),
                               leaving_out(options.whom, counts.log_left_out)));
  }
  if (served.users == 0 && !options.whom.choosing().empty())
    report.warning(fmt::format("nobody is served: {} {} nobody", options.whom.choosing(),
                               options.whom.choosing().find(',') == std::string::npos ? "leaves" : "leave"));
  if (new_users > 0) {
    report.line(kind == ModelKind::factors_elsewhere
                    ? fmt::format("users are folded in from all that {} has of them", options.data)
                : kind == ModelKind::blend
                    ? fmt::format("{} {} new to a model of factors and folded in from all that {} has of them",
                                  counted(new_users, "user"), verb(new_users, "is", "are"), options.data)
                    : fmt::format("{} {} held out whole, folded in from all that the dataset has of them",
                                  counted(new_users, "user"), verb(new_users, "was", "were")));
  }
  if (served.log_users > 0) {
    report.line(fmt::format("{} {} served by what --log has of {}, too", counted(served.log_users, "user"),
                            verb(served.log_users, "is", "are"), verb(served.log_users, "it", "them")));
  }
  if (served.popular_users > 0) {
    const Index in_segments = served.popular_segment_users;
    report.line(fmt::format("{} {} {} and {} served the popular items{}", counted(served.popular_users, who),
                            verb(served.popular_users, "has", "have"),
                            kind == ModelKind::items   ? "no new item with a score above 0"
                            : kind == ModelKind::blend ? "the same score for all new items by every model"
                                                       : "no training entry",
                            verb(served.popular_users, "is", "are"),
                            in_segments == 0 ? "" : fmt::format(", {} of them those of their segment", in_segments)));
  }
  if (served.described_users > 0) {
    report.line(fmt::format("{} {} no training entry and {} served by {} features",
                            counted(served.described_users, "user"), verb(served.described_users, "has", "have"),
                            verb(served.described_users, "is", "are"),
                            verb(served.described_users, "the user's", "their")));
  }
  tell_ends(report, options, served, kind);
  if (options.explain > 0) {
    report.line(
        fmt::format("--explain: all terms of an item sum to its score, but for {:.2g} at most", served.largest_gap));
    report.event("explained", {{"reasons", options.explain}, {"largest_gap", served.largest_gap}});
  }
  report.event("recommended", {{"users", served.users},
                               {"recommendations", served.recommendations},
                               {"new_users", new_users},
                               {"log_users", served.log_users},
                               {"log_users_left_out", counts.log_left_out},
                               {"popular_users", served.popular_users},
                               {"described_users", served.described_users},
                               {"popular_segment_users", served.popular_segment_users},
                               {"short_lists", served.short_lists},
                               {"empty_lists", served.empty_lists},
                               {"short_by_quota", served.short_by_quota},
                               {"short_by_min_score", served.short_by_min_score},
                               {"empty_by_min_score", served.empty_by_min_score}});
}

}  // namespace rankwise
