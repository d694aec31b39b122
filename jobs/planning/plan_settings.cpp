#include "jobs/planning/plan_settings.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <charconv>
#include <fmt/format.h>
#include <memory>

#include "jobs/options/training_part.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace po = boost::program_options;

std::vector<int> parse_counts(const std::string& option, const std::string& text) {
  constexpr int most = 100'000;
  std::vector<int> counts;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (true) {
    int count = 0;
    const auto [next, error] = std::from_chars(at, end, count);
    if (error != std::errc() || count < 1 || count > most) break;
    counts.push_back(count);
    if (next == end) return counts;
    if (*next != ',') break;
    at = next + 1;
  }
  throw Error(ExitCode::usage, fmt::format("--{} {}: expected numbers from 1 to {}, as in 1,2,8", option, text, most));
}

std::vector<std::string> training_arguments(const std::string& configuration) {
  po::options_description training;
  const auto ignored = std::make_shared<AlsOptions>();
  describe_training_part(training, ignored->trained_on);
  describe_training(training, ignored);
  std::vector<std::string> arguments;
  for (std::size_t begin = 0; begin < configuration.size();) {
    const std::size_t end = std::min(configuration.find('\n', begin), configuration.size());
    const std::string line = configuration.substr(begin, end - begin);
    begin = end + 1;
    const std::size_t equals = line.find(" = ");
    if (equals == std::string::npos) continue;
    const std::string name = line.substr(0, equals);
    const std::string value = line.substr(equals + 3);
    const po::option_description* option = training.find_nothrow(name, false);
    if (option == nullptr && name != "seed") continue;
    const bool is_switch = option != nullptr && option->semantic()->max_tokens() == 0;
    if (is_switch && value != "true") continue;
    arguments.push_back("--" + name);
    if (!is_switch) arguments.push_back(value);
  }
  return arguments;
}

}  // namespace rankwise
