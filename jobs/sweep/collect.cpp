// Sample runs:
//   rankwise sweep collect search

#include "jobs/sweep/collect.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>

#include "io/config/json_text.hpp"
#include "jobs/options/file_option.hpp"
#include "jobs/options/folder_files.hpp"
#include "jobs/run/standard_output.hpp"
#include "jobs/run/text_output.hpp"
#include "jobs/sweep/plan/plan_file.hpp"
#include "jobs/sweep/results/conclusion.hpp"
#include "jobs/sweep/results/html.hpp"
#include "jobs/sweep/results/results.hpp"
#include "jobs/sweep/results/summary.hpp"

namespace rankwise {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t told_trials = 20;

std::string mebibytes(double bytes) {
  constexpr double mebibyte = 1 << 20;
  return fmt::format("{:.0f} MiB", bytes / mebibyte);
}

std::string results_table(const SweepResults& results) {
  const SweepPlan& plan = results.plan;
  const auto number = [](double value) {
    return std::isfinite(value) ? fmt::format("{:.6f}", value) : std::string("-");
  };
  // The best of each rung has nothing before it.
  const auto is_beside_best = [&](std::size_t place) {
    return place > 0 && results.ranked[place].rung == results.ranked[place - 1].rung;
  };
  const auto is_as_good = [&](std::size_t place) {
    return std::ranges::find(results.as_good, place) != results.as_good.end();
  };
  const auto epochs_cell = [&plan](const std::string& cell) {
    return has_epochs(plan.job) ? fmt::format(" {:>7}", cell) : std::string();
  };
  std::string text = fmt::format("{:>6}{} {:>12} {:>12} {:>12}  {}\n", "trial", epochs_cell("epochs"), plan.metric(),
                                 "behind best", "95% +-", "point");
  for (std::size_t place = 0; place < std::min(told_trials, results.ranked.size()); ++place) {
    const TrialScore& score = results.ranked[place];
    text +=
        fmt::format("{:>6}{} {:>12.6f} {:>12} {:>12}  {}{}\n", score.trial + 1,
                    epochs_cell(std::to_string(plan.rungs[score.rung].epochs)), score.mean,
                    is_beside_best(place) ? number(score.behind_best.difference) : "-",
                    is_beside_best(place) ? number(score.behind_best_confidence) : "-", trial_text(plan, score.trial),
                    place == results.chosen ? "  <- chosen"
                    : is_as_good(place)     ? "  (as good)"
                                            : "");
  }
  if (results.ranked.size() > told_trials) text += fmt::format("and {} more\n", results.ranked.size() - told_trials);
  if (std::isfinite(results.winner().baseline)) {
    text += fmt::format("{:>6}{} {:>12.6f} {:>12} {:>12}  {}\n", "", epochs_cell(""), results.winner().baseline, "", "",
                        baseline_name(plan));
  }
  text += table_legend(results) + "\n";
  for (const auto& [name, share] : results.importance) {
    text += fmt::format("{} alone explains {:.0f}% of the variance between trials\n", name, 100 * share);
  }
  if (const Index epochs = results.trained_epochs(); epochs > 0) text += fmt::format("{} epochs trained; ", epochs);
  const SweepCost cost = results.cost();
  const bool is_predicted = cost.predicted_core_hours > 0;
  const auto predicted = [is_predicted](const std::string& value) {
    return is_predicted ? fmt::format(" ({} predicted)", value) : std::string();
  };
  text += fmt::format("{:.3g} core-hours{}, {} in the largest rank{}\n", cost.core_hours,
                      predicted(fmt::format("{:.3g}", cost.predicted_core_hours)), mebibytes(cost.memory_bytes),
                      predicted(mebibytes(cost.predicted_memory_bytes)));
  if (!results.missing.empty()) text += fmt::format("incomplete: {}\n", missing_text(results));
  for (const std::string& note : results.notes) text += "note: " + note + "\n";
  text += conclusion_text(results) + "\n";
  return text;
}

struct ResultTexts {
  std::string json;
  std::string csv;
  std::string html;
  std::string ini;
};

}  // namespace

void collect_sweep(const SweepPlan& plan, const std::string& directory, JobContext& context) {
  const fs::path folder = fs::path(directory) / "results";
  const ResultTexts texts = agree_on(context.comm, [&] {
    const SweepResults results = sweep_results(plan, directory);
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) throw Error(ExitCode::cannot_create, fmt::format("{}: {}", folder.string(), error.message()));
    if (!results.user_values_fault.empty()) context.report.warning(results.user_values_fault);
    print_result(results_table(results));
    if (loses_to_baseline(results)) context.report.warning(conclusion_text(results));
    return ResultTexts{json_text(results_summary(results), 1) + "\n", results_csv(results),
                       results_html(results, directory), winner_ini(results)};
  });
  write_from_root(context, (folder / "summary.json").string(), texts.json);
  write_from_root(context, (folder / "trials.csv").string(), texts.csv);
  write_from_root(context, (folder / "report.html").string(), texts.html);
  write_from_root(context, (folder / "winner.ini").string(), texts.ini);
}

namespace {

struct CollectOptions {
  std::string directory;
};

RunJob describe_collect(boost::program_options::options_description& description) {
  namespace po = boost::program_options;
  const auto options = std::make_shared<CollectOptions>();
  description.add_options()("directory", written_folder(&options->directory, sweep_folder_files)->required(),
                            "folder of the sweep");
  return [options](JobContext& context) {
    require_single_rank(context.comm, "collect");
    const std::string directory = fs::absolute(options->directory).lexically_normal().string();
    const SweepPlan plan = agree_on(context.comm, [&] { return read_plan(directory); });
    agree_on(context.comm, [&] { warn_of_damaged_records(plan, directory, context.report); });
    collect_sweep(plan, directory, context);
  };
}

}  // namespace

Job sweep_collect_job() {
  constexpr std::string_view notes =
      R"(May be run at any time: it shows what is known so far, and what is missing. DIR/results gets summary.json, trials.csv (one line per task),
report.html (readable without network) and winner.ini (options of the chosen trial, for als --config).
Each trial is compared with the best one, fold by fold: the mean difference, and half of its 95% interval by Student's t.
With one fold, and a metric that is a mean over users, trials are compared user by user (DIR/users, one file per task).
The standard error of the difference has its variance times 1/folds + validated/trained, since folds share training data
(Nadeau and Bengio, 2003). --select one-standard-error takes the simplest of the trials that are behind by at most one such error.)";
  return {"sweep collect", "what a sweep found: table, CSV, JSON and an HTML report", notes, describe_collect,
          "directory"};
}

}  // namespace rankwise
