#include "jobs/recommend/files/split_options.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <iterator>

#include "jobs/options/file_option.hpp"
#include "jobs/options/files_beside.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

class ListOutput : public FileValue<std::string>, public FilesBeside {
 public:
  ListOutput(std::string* output, const SplitOptions& options)
      : FileValue(output, "FILE", {FileUse::written, list_endings, {}}), options_(options) {}

  [[nodiscard]] std::vector<NamedFile> files_beside(const std::string& name, const std::string& path) const override {
    std::vector<NamedFile> files;
    if (options_.split() == FileSplit::none) return files;
    const FileFamily family(path);
    std::vector<std::string> paths{family.manifest()};
    // A chain's folder does not exist before its first step.
    if (std::filesystem::is_directory(std::filesystem::absolute(path).parent_path())) {
      std::ranges::move(family.existing(), std::back_inserter(paths));
    }
    for (const std::string& each : paths) files.push_back({"a file of " + name, each, {FileUse::written, {}, {}}});
    return files;
  }

 private:
  const SplitOptions& options_;
};

}  // namespace

boost::program_options::value_semantic* list_output(std::string* output, const SplitOptions& options) {
  return (new ListOutput(output, options))->required();
}

void describe_split(boost::program_options::options_description& description, SplitOptions& options) {
  namespace po = boost::program_options;
  // clang-format off
  description.add_options()
    ("split-by-segment", po::value(&options.by_segment)->implicit_value(true)->zero_tokens(),
     "write a file for each segment of --segments: with --output lists.csv these are lists-segment-0.csv, ..., "
     "lists-segment-none.csv and the manifest lists.csv.manifest.json, which is written last")
    ("shards", po::value(&options.by_rank)->implicit_value(true)->zero_tokens(),
     "write a file for each rank, lists-00000-of-00004.csv and so on, whose lists follow each other, and the manifest");
  // clang-format on
}

void require_sense(const SplitOptions& options, const ListFormat& format, const std::string& output) {
  if (options.by_segment && options.by_rank) {
    throw Error(ExitCode::usage, "--split-by-segment and --shards are two ways to split lists; expected one of both");
  }
  const bool is_text_file = format.layout != ListLayout::hdf5 && output != standard_output_name;
  if (options.split() == FileSplit::none || is_text_file) return;
  throw Error(ExitCode::usage, fmt::format("{} needs files of text; expected --output with a name that ends in .csv, "
                                           ".tsv or .jsonl",
                                           options.by_segment ? "--split-by-segment" : "--shards"));
}

}  // namespace rankwise
