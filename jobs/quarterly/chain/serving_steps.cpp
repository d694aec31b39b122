// What is made with the models that serve: profiles, clusters, lists and segments.

#include <algorithm>
#include <boost/program_options.hpp>
#include <filesystem>
#include <fmt/format.h>
#include <iterator>
#include <memory>

#include "jobs/kmeans/kmeans.hpp"
#include "jobs/profile/profile.hpp"
#include "jobs/quarterly/chain/chain_reader.hpp"
#include "jobs/quarterly/chain/file.hpp"
#include "jobs/quarterly/chain/parsed_options.hpp"
#include "jobs/recommend/recommend.hpp"
#include "jobs/segments/segments.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace fs = std::filesystem;

/// The chain's model that a section means by the word `wanted`, or the only one if there is no word.
const ChainModel& ChainReader::chosen_model(const ConfigSection& section, const std::string& wanted) const {
  if (wanted.empty() && models_.size() == 1) return models_.front();
  if (wanted.empty()) {
    refuse(section, "model is missing: the chain trains als and itemcf; expected model = als or model = itemcf");
  }
  const auto found = std::ranges::find(models_, wanted, &ChainModel::job);
  if (found != models_.end() && !found->step.empty()) return *found;
  refuse(section, fmt::format("model {0}: the chain trains no {0}; expected ./{0} if it is a file", wanted));
}

/// A step is finished once the files that it names exist, which a list in several files is not among.
void ChainReader::require_one_file(const ConfigSection& section, const SectionCommand& command) const {
  for (const char* option : {"split-by-segment", "shards"}) {
    if (std::ranges::find(command.arguments, fmt::format("--{}", option)) == command.arguments.end()) continue;
    const auto entry = std::ranges::find(section.entries, option, &ConfigEntry::name);
    throw Error(ExitCode::usage,
                fmt::format("{}:{}: [{}] {}: a chain knows the lists by one file, and this writes several; expected "
                            "no {}, and after the chain rankwise recommend --{} by hand",
                            chain_.file, entry->line, section.name, option, option, option));
  }
}

/// `model` may be a word for one of the chain's models. Lists of several models at once would be said here too.
void ChainReader::read_recommend(const ConfigSection& section) {
  const std::string name = name_of_section(section.name);
  ConfigSection own = section;
  const auto model = std::ranges::find(own.entries, "model", &ConfigEntry::name);
  const bool names_file = model != own.entries.end() && fs::path(model->value).is_absolute();
  const std::string wanted = model == own.entries.end() || names_file ? std::string() : model->value;
  NamedValues wired{
      {"data", products_.data},
      {"output", in_folder(name.empty() ? "recommendations.csv" : fmt::format("recommendations-{}.csv", name))}};
  if (!names_file) {
    wired.emplace_back("model", chosen_model(section, wanted).path);
    if (model != own.entries.end()) own.entries.erase(model);
  }
  const SectionCommand command = section_command(recommend_job(), with_paths(own), wired, chain_.file);
  require_one_file(section, command);
  ChainStep& step = add_step(name.empty() ? "recommend" : "recommend-" + name, recommend_job(), command);
  take_files(step, command, {"output"});
}

/// `side`: "users", "items", or empty where the section itself says.
void ChainReader::read_kmeans(const ConfigSection& section, const std::string& side) {
  const std::string name = side.empty() ? "kmeans" : "kmeans-" + side;
  const std::string output = side.empty() ? "segments.h5" : fmt::format("segments-{}.h5", side);
  if (models_.front().job == "itemcf" && !has_entry(section, "input")) {
    refuse(section,
           "input is missing: segments are of factors, which an item model does not have; expected "
           "input = FILE, or [als] beside [itemcf]");
  }
  NamedValues wired{{"input", models_.front().path}, {"output", in_folder(output)}};
  // A profile has rows of users alone.
  const auto input = std::ranges::find(section.entries, "input", &ConfigEntry::name);
  const bool has_sides = input == section.entries.end() || !is_word_of_chain(section.name, *input);
  if (!side.empty() && has_sides) wired.emplace_back("rows", side);
  if (!has_entry(section, "predict")) std::ranges::copy(checkpoint_options(section, name), std::back_inserter(wired));
  const auto options = std::make_shared<KMeansJobOptions>();
  const SectionCommand command =
      section_command(into(options, kmeans_job(), describe_kmeans), with_paths(section), wired, chain_.file);
  if (!side.empty() && has_sides && options->source.side != (side == "users" ? RowSide::users : RowSide::items)) {
    refuse(section, "rows: expected those that its title names");
  }
  if (options->source.side != RowSide::items) {
    products_.clustering = command.file("output");
    clustered_points_ = command.file("input");
  }
  ChainStep& step = add_step(name, kmeans_job(), command);
  take_files(step, command, {"output", "quality", "export"});
  if (has_checkpoints_of(command, checkpoint_folder(name))) step.checkpoints = checkpoint_folder(name);
}

void ChainReader::read_profile(const ConfigSection& section) {
  const NamedValues wired{
      {"data", products_.data}, {"output", in_folder("profile.h5")}, {"report", in_folder("profile.json")}};
  const SectionCommand command = section_command(profile_job(), with_paths(section), wired, chain_.file);
  products_.profile = command.file("output");
  take_files(add_step("profile", profile_job(), command), command, {"output", "plot", "report", "page"});
}

/// Segments are the chain's clusters of users, or a column's values; last quarter's are beside them if they are known.
void ChainReader::read_segments(const ConfigSection& section) {
  const QuarterFiles& previous = chain_.previous;
  NamedValues wired{
      {"data", products_.data}, {"output", in_folder("segments.json")}, {"report", in_folder("segments.html")}};
  const auto add = [&wired](const char* option, const std::string& path) {
    if (!path.empty()) wired.emplace_back(option, path);
  };
  const bool are_values = has_entry(section, "segment-column");
  if (!are_values && products_.clustering.empty() && !has_entry(section, "segments"))
    refuse(section, "segments is missing; expected [kmeans users], segments = FILE or segment-column = COLUMN");
  if (!are_values) add("segments", products_.clustering);
  if (!are_values && !has_entry(section, "segments")) add("points", clustered_points_);
  add("profile", products_.profile);
  const std::string before = are_values ? previous.profile : previous.clustering;
  add("against", before);
  if (!before.empty() || has_entry(section, "against")) {
    add("against-data", previous.data);
    add("against-profile", previous.profile);
    add("against-names", previous.names);
  }
  const SectionCommand command = section_command(segments_job(), with_paths(section), wired, chain_.file);
  products_.names = command.file("names");
  const bool are_own = !are_values && !has_entry(section, "segments") && !has_entry(section, "against");
  if (are_own && !before.empty()) uplift_matches_ = command.file("output");
  take_files(add_step("segments", segments_job(), command), command, {"output", "report", "export"});
}

}  // namespace rankwise
