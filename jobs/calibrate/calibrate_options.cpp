#include "jobs/calibrate/calibrate_options.hpp"

#include <boost/program_options.hpp>
#include <fmt/format.h>

#include "jobs/options/choices.hpp"
#include "jobs/options/file_option.hpp"
#include "jobs/options/unit_options.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

void describe_calibration(boost::program_options::options_description& description, CalibrateOptions& options) {
  namespace po = boost::program_options;
  const auto within_seconds = [&options](const std::string& text) {
    options.within_seconds = parse_whole_seconds("within", text);
    if (*options.within_seconds < 1)
      throw Error(ExitCode::usage, fmt::format("--within {}: expected at least one second, as in 90d", text));
  };
  // clang-format off
  description.add_options()
    ("data", read_file(&options.data)->required(), "dataset of the model's training, with a validation part (prepare --validation)")
    ("model", read_file(&options.model)->required(), "model of factors or of items, trained without the validation part")
    ("output", written_file(&options.output, json_endings)->required(), "probabilities to write, for recommend --probability")
    ("within", po::value<std::string>()->value_name("DURATION")->notifier(within_seconds),
     "count what was bought so long after the end of the training part, as in 90d; without it all of the validation part")
    ("top", po::value(&options.top)->value_name("N")->default_value(100)->notifier(within<Index>("top", 1, 1'000'000)),
     "look at the N best items of each user: lists of recommend may be as long")
    ("least-pairs", po::value(&options.least_pairs)->value_name("N")->default_value(1000)->notifier(within<Index>("least-pairs", 1, Index{1} << 40)),
     "a probability is the share of at least N listed pairs, if items of this popularity have as many");
  // clang-format on
}

}  // namespace rankwise
