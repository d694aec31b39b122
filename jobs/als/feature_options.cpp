#include "jobs/als/feature_options.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <fmt/format.h>
#include <functional>

#include "distributed/comm/communicator.hpp"
#include "jobs/options/choices.hpp"

namespace rankwise {

namespace {

/// "year,authors" or "year+authors" as names, each once. In a sweep commas separate the values of trials.
std::function<void(const std::string&)> columns_of(const char* option, std::vector<std::string>& columns) {
  return [option, &columns](const std::string& text) {
    columns.clear();
    for (std::size_t begin = 0; begin <= text.size();) {
      const std::size_t end = std::min(text.find_first_of(",+", begin), text.size());
      const std::string name = text.substr(begin, end - begin);
      begin = end + 1;
      const char* const fault = name.empty()                                        ? "a name is empty"
                                : std::ranges::find(columns, name) != columns.end() ? "a name is given twice"
                                                                                    : nullptr;
      if (fault != nullptr) {
        throw Error(ExitCode::usage, fmt::format("--{} '{}': {}; expected columns of the table, separated by commas, "
                                                 "or {}",
                                                 option, text, fault, all_columns));
      }
      columns.push_back(name);
    }
  };
}

}  // namespace

void describe_features(boost::program_options::options_description& description,
                       const std::shared_ptr<FeatureOptions>& options) {
  namespace po = boost::program_options;
  // clang-format off
  description.add_options()
    ("user-features", po::value<std::string>()->value_name("COLUMNS|all")->notifier(columns_of("user-features", options->user_columns)),
     "columns of the table of users (prepare --users), separated by commas (in a sweep by +, as commas separate trials there), or all: users are held near what these predict, and users without an interaction are served by it")
    ("item-features", po::value<std::string>()->value_name("COLUMNS|all")->notifier(columns_of("item-features", options->item_columns)),
     "likewise of the table of items (prepare --items): items without an interaction can be in lists")
    ("feature-width", po::value<Index>()->value_name("N")->notifier([options](Index width) {
       within<Index>("feature-width", 2, most_features - 1)(width);
       options->width = width; }),
     "categories or words that a column has at most; if it has more, they share N numbers by their hashes. Without it 1024")
    ("feature-penalty", po::value<double>()->value_name("MU")->notifier([options](double penalty) {
       within<double>("feature-penalty", 1e-6, 1e12)(penalty);
       options->penalty = penalty; }),
     "how strongly the map from features to factors is held back, in rows: a category of MU rows predicts half of what its rows say. Without it 5");
  // clang-format on
}

void require_sense(const FeatureOptions& options) {
  if (options.any()) return;
  const auto refuse = [](const char* option) {
    throw AgreedError(ExitCode::usage,
                      fmt::format("{} has a meaning only with --user-features or --item-features", option));
  };
  if (options.width) refuse("--feature-width");
  if (options.penalty) refuse("--feature-penalty");
}

}  // namespace rankwise
