#include "jobs/recommend/files/split_options.hpp"

#include <fmt/format.h>

#include "kernels/base/error.hpp"

namespace rankwise {

void describe_split(boost::program_options::options_description& description, SplitOptions& options) {
  namespace po = boost::program_options;
  // clang-format off
  description.add_options()
    ("split-by-segment", po::value(&options.by_segment)->implicit_value(true)->zero_tokens(),
     "write a file for each segment of --segments: lists.csv stands for lists-segment-0.csv, ..., lists-segment-none.csv and the "
     "manifest lists.csv.manifest.json, which comes last")
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
