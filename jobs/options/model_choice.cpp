#include "jobs/options/model_choice.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "jobs/options/choices.hpp"
#include "jobs/options/file_option.hpp"
#include "kernels/base/error.hpp"
#include "kernels/text/number_text.hpp"

namespace rankwise {

namespace {

std::string name_of(const std::string& path) {
  return std::filesystem::path(path).filename().string();
}

/// A fitting value of --blend for so many models: "0.7,0.3".
std::string example_of(std::size_t models) {
  std::vector<std::string> weights(models, "0.2");
  weights.front() = models == 2 ? "0.7" : "0.5";
  if (models == 2) weights.back() = "0.3";
  return fmt::format("{}", fmt::join(weights, ","));
}

}  // namespace

std::string ModelChoice::text() const {
  return fmt::format("{}", fmt::join(paths, " + "));
}

const char* normalization_word(ScoreNormalization normalization) {
  return normalization == ScoreNormalization::standard ? "standard" : "rank";
}

std::vector<double> parse_weights(std::string_view option, const std::string& list) {
  std::vector<double> weights;
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t comma = std::min(list.find(',', begin), list.size());
    const std::string text = list.substr(begin, comma - begin);
    const std::optional<double> weight = finite_number(text);
    if (!weight || !(*weight > 0)) {
      throw Error(ExitCode::usage, fmt::format("--{} {}: the weight '{}' is no finite number above 0; expected one for "
                                               "each --model, as in --{} 0.7,0.3",
                                               option, list, text, option));
    }
    weights.push_back(*weight);
    begin = comma + 1;
  }
  return weights;
}

std::vector<double> shares_of(const std::vector<double>& weights) {
  const double largest = std::ranges::max(weights);
  double sum = 0;
  for (const double weight : weights) sum += weight / largest;
  std::vector<double> shares;
  for (const double weight : weights) {
    shares.push_back(weight / largest / sum);
    if (shares.back() > 0) continue;
    throw Error(ExitCode::usage, fmt::format("--blend: the weight {} vanishes beside {}; expected weights of a similar "
                                             "size, or no such model",
                                             weight, largest));
  }
  return shares;
}

std::vector<std::string> names_of_models(const std::vector<std::string>& paths) {
  std::vector<std::string> names;
  for (const std::string& path : paths) {
    const std::string name = name_of(path);
    const auto same = std::ranges::count_if(paths, [&](const std::string& other) { return name_of(other) == name; });
    names.push_back(same > 1 ? path : name);
  }
  return names;
}

void describe_models(boost::program_options::options_description& description, ModelChoice& choice,
                     const std::string& help) {
  description.add_options()("model", read_file(&choice.paths)->composing()->required(), help.c_str());
}

void describe_blend_scores(boost::program_options::options_description& description, ModelChoice& choice) {
  namespace po = boost::program_options;
  const auto store = [&choice](const std::string& word) {
    ScoreNormalization normalization{};
    one_of<ScoreNormalization>("blend-scores", normalization,
                               {{"standard", ScoreNormalization::standard}, {"rank", ScoreNormalization::rank}})(word);
    choice.scores = normalization;
  };
  description.add_options()(
      "blend-scores", po::value<std::string>()->value_name("standard|rank")->notifier(store),
      "of several models: how each user's scores of a model become comparable, over all items that the list may hold. "
      "standard: less their mean, over their standard deviation; rank: their midranks, from 0 to 1; standard unless "
      "given");
}

void describe_blend(boost::program_options::options_description& description, ModelChoice& choice) {
  namespace po = boost::program_options;
  const auto store = [&choice](const std::string& list) { choice.weights = parse_weights("blend", list); };
  description.add_options()("blend", po::value<std::string>()->value_name("WEIGHTS")->notifier(store),
                            "of several models: their weights, in the order of --model, separated by commas, as in "
                            "--blend 0.7,0.3: the scores of the list are weighted means (sweep blend finds weights)");
  describe_blend_scores(description, choice);
}

void require_distinct(const std::vector<std::string>& paths) {
  for (auto path = paths.begin(); path != paths.end(); ++path) {
    if (std::find(paths.begin(), path, *path) == path) continue;
    throw Error(ExitCode::usage, fmt::format("--model {} is given twice; expected different models", *path));
  }
}

void require_sense(const ModelChoice& choice) {
  const auto refuse = [](const std::string& message) { throw Error(ExitCode::usage, message); };
  if (!choice.is_blend()) {
    if (choice.weights) refuse("--blend has a meaning only with several --model");
    if (choice.scores) refuse("--blend-scores has a meaning only with several --model");
    return;
  }
  require_distinct(choice.paths);
  const std::size_t models = choice.paths.size();
  const std::string example = example_of(models);
  if (!choice.weights) {
    refuse(fmt::format("--model is given {} times: expected their weights, as in --blend {} (sweep blend finds them)",
                       models, example));
  }
  if (choice.weights->size() != models) {
    refuse(
        fmt::format("--blend has {} weight{} and --model is given {} times; expected a weight for each, as in "
                    "--blend {}",
                    choice.weights->size(), choice.weights->size() == 1 ? "" : "s", models, example));
  }
  static_cast<void>(shares_of(*choice.weights));
}

}  // namespace rankwise
