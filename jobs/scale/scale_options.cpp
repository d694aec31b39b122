// The command line of `rankwise scale`.

#include <algorithm>
#include <boost/program_options.hpp>
#include <memory>

#include "jobs/options/choices.hpp"
#include "jobs/options/file_option.hpp"
#include "jobs/planning/plan.hpp"
#include "jobs/planning/prediction.hpp"
#include "jobs/scale/scale.hpp"

namespace rankwise {

RunJob describe_scale(boost::program_options::options_description& description) {
  namespace po = boost::program_options;
  const auto options = std::make_shared<ScaleOptions>();
  options->als.epochs = 3;
  const auto counts = [](const char* name, std::vector<int>& target) {
    return [name, &target](const std::string& text) {
      target = parse_counts(name, text);
      std::ranges::sort(target);
    };
  };
  // clang-format off
  description.add_options()
    ("strong", po::value<std::string>()->value_name("LIST")->notifier(counts("strong", options->strong)),
     "numbers of ranks that train the same matrix, as in 1,2,8")
    ("weak", po::value<std::string>()->value_name("LIST")->notifier(counts("weak", options->weak)),
     "numbers of ranks that train a matrix of as many times the stated size");
  describe_sizes(description, options->sizes);
  description.add_options()
    ("scale", po::value(&options->sizes.scale)->value_name("FACTOR")->default_value(1)->notifier(within<double>("scale", 1e-9, 1e6)),
     "multiplies the preset's users, items and interactions")
    ("json", written_file(&options->json, json_endings), "also write all figures as JSON")
    ("csv", written_file(&options->csv, csv_endings), "also write a line per run as CSV")
    ("plot", written_file(&options->plot, svg_endings), "also draw seconds over ranks, measured, predicted and ideal, as SVG");
  // clang-format on
  describe_machine(description, options->network, options->calibration_seconds);
  describe_training(description, std::shared_ptr<AlsOptions>(options, &options->als));
  return [options](JobContext& context) { measure_scaling(*options, context); };
}

}  // namespace rankwise
