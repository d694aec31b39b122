#include "jobs/calibrate/calibrate_report.hpp"

#include <fmt/format.h>

#include "kernels/text/counted.hpp"

namespace rankwise {

std::string reliability_table(const Reliability& shown, std::string_view part) {
  std::string text = fmt::format("{:>12} {:>12} {:>12}   {} part\n", "pairs", "probability", "bought", part);
  for (const ReliabilityGroup& group : shown.groups)
    text += fmt::format("{:>12} {:>12.6f} {:>12.6f}\n", group.pairs, group.mean_prediction, group.share);
  return text;
}

std::string useless_probabilities(const Reliability& checked) {
  if (checked.pairs == 0 || checked.brier < checked.constant_brier) return {};
  return fmt::format(
      "on the held-out part the probabilities are no better than one share for all pairs (Brier score "
      "{:.6f} and {:.6f})",
      checked.brier, checked.constant_brier);
}

void tell_calibration(Report& report, const ProbabilityFile& file) {
  report.line(fmt::format("{} of {} of {} were bought in the validation part ({:.4f}%)", file.fitted.successes,
                          counted(static_cast<Index>(file.fitted.pairs), "listed pair"), counted(file.users, "user"),
                          100 * file.fitted.share));
  report.event("calibrated", {{"users", file.users},
                              {"pairs", file.fitted.pairs},
                              {"share_bought", file.fitted.share},
                              {"calibration_error", file.fitted.calibration_error}});
  if (!file.checked) {
    report.warning("nothing is held out beside the validation part: whether the probabilities come true is not known");
    return;
  }
  const Reliability& checked = *file.checked;
  report.line(
      fmt::format("on the held-out part: expected calibration error {:.6f} (of the scores themselves {:.6f}), "
                  "Brier score {:.6f} (of one share for all {:.6f})",
                  checked.calibration_error, file.of_scores->calibration_error, checked.brier, checked.constant_brier));
  report.event("calibration_checked", {{"pairs", checked.pairs},
                                       {"share_bought", checked.share},
                                       {"calibration_error", checked.calibration_error},
                                       {"calibration_error_of_scores", file.of_scores->calibration_error},
                                       {"brier", checked.brier},
                                       {"constant_brier", checked.constant_brier}});
  if (const std::string useless = useless_probabilities(checked); !useless.empty()) report.warning(useless);
}

}  // namespace rankwise
