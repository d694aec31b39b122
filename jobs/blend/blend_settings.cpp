#include "jobs/blend/blend_settings.hpp"

#include <algorithm>
#include <array>
#include <boost/program_options.hpp>
#include <cmath>
#include <fmt/format.h>

#include "jobs/blend/weight_grid.hpp"
#include "jobs/evaluate/metrics.hpp"
#include "jobs/options/choices.hpp"
#include "jobs/options/file_option.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

constexpr Index most_points = 500;

/// Of two, three, four and five models; 21 to 70 points.
constexpr std::array<Index, 4> usual_steps{20, 10, 5, 4};

EvaluationMetric metric_of_lists(const std::string& text) {
  EvaluationMetric metric = parse_metric("metric", text);
  if (metric.is_of_accuracy() && metric.ranks()) return metric;
  throw Error(ExitCode::usage,
              fmt::format("--metric {}: expected a metric of accuracy of rankings, such as ndcg@100: blended models "
                          "predict no ratings",
                          text));
}

}  // namespace

Index BlendSweepOptions::steps() const {
  if (!step) return usual_steps[std::min(models.paths.size() - 2, usual_steps.size() - 1)];
  const double steps = std::round(1 / *step);
  if (std::abs(steps * *step - 1) > 1e-9)
    throw Error(ExitCode::usage, fmt::format("--step {}: expected a number that divides 1, such as 0.05", *step));
  return static_cast<Index>(steps);
}

void describe_blend_sweep(boost::program_options::options_description& description, BlendSweepOptions& options) {
  namespace po = boost::program_options;
  description.add_options()("data", read_file(&options.data)->required(),
                            "dataset with a validation part (prepare --validation)");
  describe_models(description, options.models,
                  "a model of the training part, or of another dataset; two or more times. See evaluate");
  describe_blend_scores(description, options.models);
  // clang-format off
  description.add_options()
    ("metric", po::value<std::string>()->value_name("METRIC")->default_value("ndcg@100")->notifier([&options](const std::string& text) {
       options.metric = metric_of_lists(text); }),
     "by which weights are compared: recall@K, precision@K, ndcg@K, map@K, mrr@K, hr@K, revenue@K or auc")
    ("step", po::value<double>()->value_name("WEIGHT")->notifier([&options](double step) {
       within<double>("step", 0.001, 0.5)(step); options.step = step; }),
     "between weights, which add up to 1: all combinations are measured, 500 at most; unless given 0.05 for two models, 0.1 for three, 0.2 for four, 0.25 for more")
    ("seen", po::value<std::string>()->value_name("exclude|allow|only")->default_value("exclude")->notifier(
       one_of<SeenItems>("seen", options.seen, {{"exclude", SeenItems::exclude}, {"allow", SeenItems::allow}, {"only", SeenItems::only}})),
     "lists leave out the user's training items, may have them, or have no others")
    ("output", written_file(&options.output, json_endings), "write the result as JSON");
  // clang-format on
}

void require_sense(const BlendSweepOptions& options) {
  if (!options.models.is_blend())
    throw Error(ExitCode::usage,
                "sweep blend: expected --model two or more times, as in --model als.h5 --model items.h5");
  require_distinct(options.models.paths);
  const Index models = std::ssize(options.models.paths);
  if (grid_points(models, options.steps(), most_points) <= most_points) return;
  throw Error(ExitCode::usage,
              fmt::format("{} models with weights in steps of {} have more than {} combinations; expected fewer models "
                          "or a larger --step",
                          models, 1 / static_cast<double>(options.steps()), most_points));
}

}  // namespace rankwise
