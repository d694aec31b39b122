#include "jobs/run/split_report.hpp"

#include <fmt/format.h>
#include <string>
#include <string_view>

#include "kernels/text/counted.hpp"

namespace rankwise {

namespace {

/// How messages call what was split off: its adjective, and what the lines of it begin with.
struct PartWords {
  std::string_view part;
  std::string_view leakage;
};
constexpr PartWords heldout_words{"held-out", "leakage"};
constexpr PartWords validation_words{"validation", "leakage of validation"};

void tell_leakage(Report& report, const Leakage& leakage, const PartWords& words) {
  report.line(fmt::format(
      "{}: {} of the training part is later than its user's first {} interaction, {} is "
      "later than the first {} interaction of all",
      words.leakage, percent(leakage.after_own_heldout), words.part, percent(leakage.after_first_heldout), words.part));
  const std::string gap = leakage.median_gap_days ? fmt::format("{:.1f} days", *leakage.median_gap_days) : "unknown";
  report.line(
      fmt::format("{}: {} of the {} part has items that nobody had before; median time since the "
                  "user's last interaction in training: {}",
                  words.leakage, percent(leakage.future_items), words.part, gap));
}

}  // namespace

void tell_split_figures(Report& report, const SplitFigures& figures, SplitPart part) {
  const PartWords& words = part == SplitPart::heldout ? heldout_words : validation_words;
  if (figures.heldout_users == 0) return;
  report.line(fmt::format("without training: {} of {} and {} of {} in the {} part", figures.cold_users,
                          counted(figures.heldout_users, "user"), figures.cold_items,
                          counted(figures.heldout_items, "item"), words.part));
  if (figures.leakage) return tell_leakage(report, *figures.leakage, words);
  report.line(fmt::format("{}: unknown, because the log has no times", words.leakage));
}

}  // namespace rankwise
