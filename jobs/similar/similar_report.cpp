#include "jobs/similar/similar_report.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <string>

#include "jobs/lists/list_format.hpp"
#include "kernels/text/counted.hpp"

namespace rankwise {

namespace {

/// Says of lists that are not full why they are not.
void tell_ends(Report& report, const SimilarOptions& options, const SimilarCounts& counts, std::string_view word,
               std::string_view none_left) {
  const std::string below = fmt::format("all others have a score below {}", options.rules.min_score.value_or(0));
  const auto tell_short = [&](Index lists, std::string_view reason) {
    if (lists == 0) return;
    report.line(fmt::format("{} {} fewer than {} {}s: {}", counted(lists, "list"), verb(lists, "has", "have"),
                            options.top, word, reason));
  };
  tell_short(counts.short_lists - counts.short_by_quota - counts.short_by_min_score, none_left);
  tell_short(counts.short_by_quota, fmt::format("--max-per {} allows no others", options.rules.max_per));
  tell_short(counts.short_by_min_score, below);
  const auto warn_empty = [&](Index lists, std::string_view reason) {
    if (lists == 0) return;
    report.warning(fmt::format("{} {} no list: {}", counted(lists, word), verb(lists, "has", "have"), reason));
  };
  warn_empty(counts.empty_lists - counts.empty_by_min_score, none_left);
  warn_empty(counts.empty_by_min_score, below);
}

}  // namespace

void SimilarCounts::add(const Lists& part) {
  lists += std::ssize(part.ends);
  entries += part.offsets.back();
  for (std::size_t list = 0; list < part.ends.size(); ++list) {
    const bool is_empty = part.offsets[list + 1] == part.offsets[list];
    const ListEnd end = part.ends[list];
    unknown += end == ListEnd::unknown ? 1 : 0;
    if (end == ListEnd::full || end == ListEnd::unknown) continue;
    (is_empty ? empty_lists : short_lists) += 1;
    short_by_quota += !is_empty && end == ListEnd::quota ? 1 : 0;
    short_by_min_score += !is_empty && end == ListEnd::min_score ? 1 : 0;
    empty_by_min_score += is_empty && end == ListEnd::min_score ? 1 : 0;
  }
}

SimilarCounts SimilarCounts::sum(const Communicator& comm) const {
  return {comm.sum(lists),
          comm.sum(entries),
          comm.sum(unknown),
          comm.sum(short_lists),
          comm.sum(empty_lists),
          comm.sum(short_by_quota),
          comm.sum(short_by_min_score),
          comm.sum(empty_by_min_score)};
}

void tell_similar(JobContext& context, const SimilarOptions& options, const SimilarCounts& counts,
                  const RowCounts& rows, std::string_view none_left) {
  Report& report = context.report;
  const std::string_view word =
      list_words(options.rows == RowSide::users ? ListKind::similar_users : ListKind::similar_items).owner;
  report.line(fmt::format("wrote {}: {} for {}",
                          options.output == standard_output_name ? "standard output" : options.output,
                          counted(counts.entries, fmt::format("similar {}", word)), counted(counts.lists, word)));
  const Index unknown = rows.rows - rows.known;
  if (unknown > 0) {
    report.line(
        fmt::format("{} of {} of the model {} no interaction that it was trained on: no list has {}, and {} no list",
                    unknown, counted(rows.rows, word), verb(unknown, "has", "have"), verb(unknown, "it", "them"),
                    verb(unknown, "it has", "they have")));
  }
  if (counts.unknown > 0 && counts.lists < rows.rows) {
    report.warning(fmt::format("{} that {} asked for {} no interaction in the model and no list",
                               counted(counts.unknown, word), verb(counts.unknown, "was", "were"),
                               verb(counts.unknown, "has", "have")));
  }
  tell_ends(report, options, counts, word, none_left);
  report.event("similar", {{"rows", std::string(word) + "s"},
                           {"lists", counts.lists},
                           {"entries", counts.entries},
                           {"model_rows", rows.rows},
                           {"model_rows_without_interactions", unknown},
                           {"lists_without_interactions", counts.unknown},
                           {"short_lists", counts.short_lists},
                           {"empty_lists", counts.empty_lists},
                           {"short_by_quota", counts.short_by_quota},
                           {"short_by_min_score", counts.short_by_min_score},
                           {"empty_by_min_score", counts.empty_by_min_score}});
}

}  // namespace rankwise
