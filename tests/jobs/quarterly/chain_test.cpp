// What a chain's file says reads the same from the file that is submitted and from the one that its folder keeps,
// wherever its paths are relative.

#include "jobs/quarterly/chain/chain.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <filesystem>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <map>

#include "jobs/als/als.hpp"
#include "jobs/data/prepare.hpp"
#include "jobs/evaluate/evaluate.hpp"
#include "jobs/itemcf/itemcf.hpp"
#include "jobs/kmeans/kmeans.hpp"
#include "jobs/options/option_text.hpp"
#include "jobs/profile/profile.hpp"
#include "jobs/quarterly/chain/reader.hpp"
#include "jobs/recommend/recommend.hpp"
#include "jobs/segments/segments.hpp"
#include "jobs/sweep/planning.hpp"
#include "jobs/sweep/refit.hpp"

namespace rankwise {
namespace {

using Sections = std::vector<std::pair<std::string, std::map<std::string, std::string>>>;

/// How the chain trains.
enum class Training { als, sweep, als_and_itemcf };

Sections chain_of(Training training) {
  Sections sections{{"quarterly", {{"directory", "q"}}}, {"prepare", {{"input", "log.csv"}, {"split", "random:0.1"}}}};
  if (training == Training::sweep) {
    sections.push_back({"sweep", {{"factors", "2, 4"}, {"optimize", "ndcg@10"}}});
    sections.push_back({"refit", {}});
  } else {
    sections.push_back({"als", {{"factors", "4"}}});
  }
  if (training == Training::als_and_itemcf) {
    sections.push_back({"itemcf", {{"neighbours", "9"}, {"memory-budget", "1GiB"}}});
    sections.push_back({"evaluate itemcf", {}});
    sections.push_back({"final itemcf", {}});
  }
  sections.push_back({"evaluate", {}});
  sections.push_back({"final", {}});
  sections.push_back({"recommend", {}});
  if (training == Training::als_and_itemcf) sections.back().second["model"] = "itemcf";
  sections.push_back({"recommend shelf", {{"model", training == Training::als_and_itemcf ? "als" : "/m.h5"}}});
  sections.push_back({"profile", {}});
  sections.push_back({"kmeans users", {{"clusters", "3"}}});
  sections.push_back({"segments", {}});
  return sections;
}

std::string text_of(const Sections& sections) {
  std::string text;
  for (const auto& [name, entries] : sections) {
    text += fmt::format("[{}]\n", name);
    for (const auto& [option, value] : entries) text += fmt::format("{} = {}\n", option, value);
  }
  return text;
}

Job job_of(const std::string& section, Training training) {
  if (section == "prepare") return prepare_job();
  if (section == "sweep") return sweep_plan_job();
  if (section == "als") return als_job();
  if (section == "refit") return sweep_refit_job();
  if (section == "itemcf" || section == "final itemcf") return itemcf_job();
  if (section == "evaluate" || section == "evaluate itemcf") return evaluate_job();
  if (section == "final") return training == Training::sweep ? sweep_refit_job() : als_job();
  if (section.starts_with("recommend")) return recommend_job();
  if (section == "profile") return profile_job();
  if (section == "segments") return segments_job();
  return kmeans_job();
}

/// The option's first value; empty where it is not given.
std::string value_of(const ChainCommand& command, const std::string& option) {
  const std::string begin = fmt::format("--{}=", option);
  const auto found = std::ranges::find_if(
      command.arguments, [&begin](const std::string& argument) { return argument.starts_with(begin); });
  return found == command.arguments.end() ? std::string() : found->substr(begin.size());
}

/// Options that take a file or folder, alone or beside words, and the log that every job has.
std::vector<std::string> path_options(const Job& job) {
  boost::program_options::options_description description;
  (void)job.describe(description);
  std::vector<std::string> names{"log-json"};
  for (const auto& option : description.options()) {
    const std::string kinds = "|" + value_name(*option) + "|";
    const bool is_path = kinds.find("|FILE|") != std::string::npos || kinds.find("|DIR|") != std::string::npos;
    if (is_path) names.push_back(option->long_name());
  }
  return names;
}

/// Whether the chain has no such option: it decides that itself, or what it trains is decided elsewhere.
bool is_the_chains_own(const std::string& section, const std::string& option, Training training) {
  if (section == "sweep") return option == "directory" || option == "init";  // of kmeans alone
  if (section == "refit") return option == "directory";
  if (section == "itemcf") return option == "data";  // that of the factors beside it
  if (section == "final itemcf") return option != "model" && option != "log-json";
  if (section != "final") return false;
  return training == Training::sweep ? option != "model" && option != "log-json"
                                     : option != "model" && option != "checkpoint" && option != "log-json";
}

/// What else a section needs for the option to have a meaning.
void make_room(const std::string& option, std::map<std::string, std::string>& entries) {
  if (option == "predict") entries.erase("clusters");
  if (option == "quality") entries["clusters"] = "2:4";
  if (option == "pseudonyms") entries["forget"] = "/left.txt";
  if (option == "plot") entries.insert({{"lifetime", "true"}, {"calibrate-at", "2024-01-01"}});
  if (option.starts_with("against-")) entries["against"] = "/old.h5";
  if (option == "scratch") entries["memory-budget"] = "1GiB";
}

void expect_same(const Chain& chain, const Chain& again, const std::string& what) {
  ASSERT_EQ(chain.steps.size(), again.steps.size()) << what;
  for (std::size_t s = 0; s < chain.steps.size(); ++s) {
    const ChainStep& step = chain.steps[s];
    const ChainStep& same = again.steps[s];
    EXPECT_EQ(step.configuration, same.configuration) << what;
    EXPECT_EQ(step.launch, same.launch) << what;
    EXPECT_EQ(step.inputs, same.inputs) << what;
    EXPECT_EQ(step.outputs, same.outputs) << what;
    EXPECT_EQ(step.checkpoints, same.checkpoints) << what;
    ASSERT_EQ(step.commands.size(), same.commands.size()) << what;
    for (std::size_t c = 0; c < step.commands.size(); ++c) {
      EXPECT_EQ(step.commands[c].arguments, same.commands[c].arguments) << what;
    }
  }
}

/// The chain with the option of section `place`, as the first of some names has it that the option writes files of.
struct ChainOfPath {
  Chain chain;
  std::string path;
};
ChainOfPath with_path(const Sections& base, std::size_t place, const std::string& option) {
  const std::vector<std::string> names{"a/b.h5", "a/b.csv", "a/b.json", "a/b.jsonl", "a/b.html", "a/b.svg"};
  for (const std::string& name : names) {
    Sections changed = base;
    changed[place].second[option] = name;
    make_room(option, changed[place].second);
    try {
      return {read_chain(text_of(changed), "chain.ini"), name};
    } catch (const Error& error) {
      const bool is_of_the_ending =
          std::string(error.what()).find("cannot write a file of the kind") != std::string::npos;
      if (!is_of_the_ending || name == names.back()) throw;
    }
  }
  return {};
}

TEST(QuarterlyChain, RelativePathsOfEveryOptionReadTheSameFromTheFolder) {
  for (const Training training : {Training::als, Training::sweep, Training::als_and_itemcf}) {
    const Sections base = chain_of(training);
    for (std::size_t s = 1; s < base.size(); ++s) {
      const std::string& section = base[s].first;
      for (const std::string& option : path_options(job_of(section, training))) {
        if (is_the_chains_own(section, option, training)) continue;
        const std::string what = fmt::format("[{}] {}", section, option);
        const auto [chain, path] = with_path(base, s, option);
        const std::string absolute = std::filesystem::absolute(path).string();
        EXPECT_NE(chain.text.find(fmt::format("{} = {}\n", option, absolute)), std::string::npos) << what;
        expect_same(chain, read_chain(chain.text, "quarterly.ini"), what);
      }
    }
  }
}

TEST(QuarterlyChain, TheFinalModelIsTrainedAsTheMeasuredOneAndServes) {
  Sections sections = chain_of(Training::als);
  sections[2].second = {{"factors", "4"},
                        {"epochs", "30"},
                        {"validation-metric", "ndcg@10"},
                        {"patience", "2"},
                        {"log-json", "als.jsonl"}};
  const Chain chain = read_chain(text_of(sections), "chain.ini");
  std::vector<std::string> names;
  for (const ChainStep& step : chain.steps) names.push_back(step.name);
  ASSERT_EQ(names, (std::vector<std::string>{"prepare", "als", "evaluate", "final", "profile", "kmeans-users",
                                             "recommend", "recommend-shelf", "segments", "page"}));
  const std::string folder = chain.settings.directory;
  const ChainStep& last = chain.steps[3];
  const ChainCommand& command = last.commands.front();
  EXPECT_EQ(value_of(command, "model"), folder + "/final.h5");
  EXPECT_EQ(value_of(command, "train-on"), "all");
  EXPECT_EQ(value_of(command, "epochs-of"), folder + "/model.h5");
  EXPECT_EQ(value_of(command, "factors"), "4");
  for (const char* option : {"epochs", "validation-metric", "patience", "log-json"}) {
    EXPECT_EQ(value_of(command, option), "") << option;
  }
  EXPECT_EQ(last.after, (std::vector<std::size_t>{0, 1, 2}));
  EXPECT_EQ(value_of(chain.steps[2].commands.front(), "model"), folder + "/model.h5");
  EXPECT_EQ(value_of(chain.steps[6].commands.front(), "model"), folder + "/final.h5");
  EXPECT_EQ(value_of(chain.steps[5].commands.front(), "input"), folder + "/final.h5");
  EXPECT_EQ(chain.steps[6].after, (std::vector<std::size_t>{0, 3}));
}

TEST(QuarterlyChain, TheFinalModelHasTheEpochsOfTheMeasuredOneWhateverItsLimitCameFrom) {
  Sections sections = chain_of(Training::als);
  sections[2].second = {
      {"factors", "4"}, {"epochs-of", "long.h5"}, {"validation-metric", "ndcg@10"}, {"patience", "2"}};
  const Chain chain = read_chain(text_of(sections), "chain.ini");
  EXPECT_EQ(value_of(chain.steps[1].commands.front(), "epochs-of"), std::filesystem::absolute("long.h5").string());
  EXPECT_EQ(chain.steps[3].name, "final");
  EXPECT_EQ(value_of(chain.steps[3].commands.front(), "epochs-of"), chain.settings.directory + "/model.h5");
}

const ChainStep& step_of(const Chain& chain, const std::string& name) {
  return *std::ranges::find(chain.steps, name, &ChainStep::name);
}

std::vector<std::string> names_of(const Chain& chain) {
  std::vector<std::string> names;
  for (const ChainStep& step : chain.steps) names.push_back(step.name);
  return names;
}

TEST(QuarterlyChain, AnItemModelBesideFactorsHasItsOwnStepsAndFiles) {
  const Chain chain = read_chain(text_of(chain_of(Training::als_and_itemcf)), "chain.ini");
  ASSERT_EQ(names_of(chain), (std::vector<std::string>{"prepare", "als", "itemcf", "evaluate", "evaluate-itemcf",
                                                       "final", "final-itemcf", "profile", "kmeans-users", "recommend",
                                                       "recommend-shelf", "segments", "page"}));
  const std::string folder = chain.settings.directory;
  const auto value = [&](const char* step, const char* option) {
    return value_of(step_of(chain, step).commands.front(), option);
  };
  EXPECT_EQ(value("itemcf", "model"), folder + "/items.h5");
  EXPECT_EQ(value("evaluate-itemcf", "model"), folder + "/items.h5");
  EXPECT_EQ(value("evaluate-itemcf", "output"), folder + "/items-metrics.json");
  EXPECT_EQ(value("final-itemcf", "model"), folder + "/items-final.h5");
  EXPECT_EQ(value("final-itemcf", "train-on"), "all");
  EXPECT_EQ(value("final-itemcf", "neighbours"), "9");
  EXPECT_EQ(value("final", "model"), folder + "/final.h5");
  EXPECT_EQ(value("recommend", "model"), folder + "/items-final.h5");
  EXPECT_EQ(value("kmeans-users", "input"), folder + "/final.h5");
  EXPECT_EQ(step_of(chain, "final-itemcf").after, (std::vector<std::size_t>{0, 4}));
  EXPECT_EQ(step_of(chain, "final-itemcf").repeats, "itemcf");
  EXPECT_EQ(step_of(chain, "recommend").after, (std::vector<std::size_t>{0, 6}));
}

TEST(QuarterlyChain, AnItemModelAloneIsTheChainsModel) {
  for (const char* training : {"[itemcf]\nneighbours = 9\n", "[sweep]\njob = itemcf\nneighbours = 2, 9\n"}) {
    const std::string text = fmt::format(
        "[quarterly]\ndirectory = q\n[prepare]\ninput = log.csv\nsplit = random:0.1\n{}[evaluate]\n[recommend]\n",
        training);
    const Chain chain = read_chain(text, "chain.ini");
    const std::string folder = chain.settings.directory;
    const ChainCommand& last = step_of(chain, "final").commands.front();
    EXPECT_EQ(value_of(last, "model"), folder + "/final.h5");
    EXPECT_EQ(value_of(last, "epochs-of"), "");
    EXPECT_EQ(value_of(step_of(chain, "evaluate").commands.front(), "model"), folder + "/model.h5");
    EXPECT_EQ(value_of(step_of(chain, "recommend").commands.front(), "model"), folder + "/final.h5");
  }
}

TEST(QuarterlyChain, NoFinalStepWhereNothingIsHeldOutOrItIsNotWanted) {
  for (const char* why : {"final = no", "split = none", "train-on = all"}) {
    Sections sections = chain_of(Training::als);
    std::erase_if(sections, [](const auto& section) { return section.first == "final"; });
    const std::string line = why;
    const std::size_t place = line.starts_with("final") ? 0 : line.starts_with("split") ? 1 : 2;
    sections[place].second[line.substr(0, line.find(' '))] = line.substr(line.find("= ") + 2);
    if (place == 1) std::erase_if(sections, [](const auto& section) { return section.first == "evaluate"; });
    const Chain chain = read_chain(text_of(sections), "chain.ini");
    for (const ChainStep& step : chain.steps) EXPECT_NE(step.name, "final") << why;
    const auto served = std::ranges::find(chain.steps, "recommend", &ChainStep::name);
    EXPECT_EQ(value_of(served->commands.front(), "model"), chain.settings.directory + "/model.h5") << why;
  }
}

}  // namespace
}  // namespace rankwise
