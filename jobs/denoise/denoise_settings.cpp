#include "jobs/denoise/denoise_settings.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <fmt/format.h>

#include "distributed/log/fold.hpp"
#include "jobs/evaluate/metrics.hpp"
#include "jobs/options/choices.hpp"
#include "jobs/options/file_option.hpp"
#include "jobs/options/folder_files.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

constexpr double usual_deviations = 3.5;
constexpr double usual_percentile = 95;
constexpr double usual_weight = 0.1;

}  // namespace

double DenoiseOptions::resolved_threshold() const {
  return threshold.value_or(rates() ? usual_deviations : usual_percentile);
}

double DenoiseOptions::resolved_weight() const {
  return weight.value_or(usual_weight);
}

void describe_denoising(boost::program_options::options_description& description, DenoiseOptions& options) {
  namespace po = boost::program_options;
  // clang-format off
  description.add_options()
    ("data", read_file(&options.data)->required(), "dataset, as prepare writes it, with a validation part or a held-out part")
    ("output", written_file(&options.output, hdf5_endings)->required(), "the cleaned dataset")
    ("quarantine", written_file(&options.quarantine, csv_endings)->required(), "write what was found, with its prediction and how far it is from it (CSV)")
    ("folds", po::value(&options.folds)->value_name("K")->default_value(options.folds)->notifier(within<Index>("folds", 2, most_folds)),
     "divide the training interactions into K folds; each fold is judged by a model of the others")
    ("threshold", po::value<double>()->value_name("NUMBER")->notifier([&options](double threshold) { options.threshold = threshold; }),
     "what is beyond it is found. explicit: error in robust deviations, 3.5 unless given; implicit: percent of the user's candidates that are ranked above, 95 unless given")
    ("action", po::value<std::string>()->value_name("drop|weight")->default_value("drop")->notifier(
       one_of<NoiseAction>("action", options.action, {{"drop", NoiseAction::drop}, {"weight", NoiseAction::weight}})),
     "drop what is found, or multiply its value by --weight (implicit, --weighting linear or log)")
    ("weight", po::value<double>()->value_name("FACTOR")->notifier([&options](double weight) { within<double>("weight", 0, 0.999999)(weight); options.weight = weight; }),
     "of --action weight; 0.1 unless given")
    ("metrics", po::value(&options.metrics)->value_name("LIST")->default_value("auto")->notifier(
       [](const std::string& list) { if (list != "auto") (void)parse_metrics(list); }),
     "compare models of both datasets by these, as evaluate has them; the first one decides. auto: rmse,mae (explicit) or ndcg@100,recall@20 (implicit)")
    ("report", written_file(&options.report, json_endings), "write what was found and the comparison (JSON)")
    ("truth", read_file(&options.truth), "a CSV of interactions that are known to be wrong (columns user_id,item_id): print precision and recall")
    ("work", written_folder(&options.work, denoise_folder_files), "folder for the models: a run that was stopped continues there, and another --threshold needs no training of the folds. "
     "Without it OUTPUT.work, which is removed at the end");
  // clang-format on
  describe_training(description, options.training);
  describe_compression(description, options.deflate_level);
}

void require_sense(const DenoiseOptions& options) {
  const auto refuse = [](const std::string& message) { throw Error(ExitCode::usage, message); };
  require_sense(*options.training);
  const double threshold = options.resolved_threshold();
  if (options.rates() && !(threshold > 0 && threshold < 1e9)) {
    refuse(fmt::format("--threshold {}: expected robust deviations, a number above 0 such as 3.5", threshold));
  }
  if (!options.rates() && !(threshold > 0 && threshold < 100)) {
    refuse(fmt::format("--threshold {}: expected a percentile above 0 and below 100", threshold));
  }
  if (options.weight && options.action != NoiseAction::weight)
    refuse("--weight has a meaning only with --action weight");
  if (options.action == NoiseAction::weight && options.rates()) {
    refuse(
        "--action weight: a rating has no weight beside its value, which is what is predicted; expected --action "
        "drop");
  }
  if (options.action == NoiseAction::weight && options.training->objective.weighting == Weighting::constant) {
    refuse(
        "--action weight: with --weighting constant values have no effect; expected --weighting linear or log, or "
        "--action drop");
  }
  (void)compared_metrics(options);
}

std::vector<EvaluationMetric> compared_metrics(const DenoiseOptions& options) {
  const std::string usual = options.rates() ? "rmse,mae" : "ndcg@100,recall@20";
  const std::vector<EvaluationMetric> metrics = parse_metrics(options.metrics == "auto" ? usual : options.metrics);
  for (std::size_t m = 0; m < metrics.size(); ++m) {
    if (!metrics[m].ranks() && !options.rates()) {
      throw Error(ExitCode::usage,
                  fmt::format("--metrics {} has a meaning only with --objective explicit", metrics[m].name));
    }
    if (metrics[m].needs_categories())
      throw Error(ExitCode::usage, fmt::format("--metrics {}: only evaluate has --categories", metrics[m].name));
    const auto before = metrics.begin() + static_cast<std::ptrdiff_t>(m);
    if (std::ranges::find(metrics.begin(), before, metrics[m].name, &EvaluationMetric::name) != before)
      throw Error(ExitCode::usage, fmt::format("--metrics: {} is given twice", metrics[m].name));
  }
  if (metrics.front().is_of_accuracy()) return metrics;
  throw Error(ExitCode::usage,
              fmt::format("--metrics {}: the first metric decides; expected one of accuracy", metrics.front().name));
}

}  // namespace rankwise
