#include "jobs/recommend/recommend_options.hpp"

#include <boost/program_options.hpp>
#include <fmt/format.h>
#include <string_view>

#include "jobs/lists/list_columns.hpp"
#include "jobs/options/choices.hpp"
#include "jobs/options/file_option.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

void describe_recommendations(boost::program_options::options_description& description, RecommendOptions& options) {
  namespace po = boost::program_options;
  // clang-format off
  description.add_options()
    ("data", read_file(&options.data)->required(), "dataset: the model's own, or another one that has item ids in common");
  // clang-format on
  describe_models(description, options.model,
                  "model, as als or itemcf writes it. Given several times, with --blend: their scores are added");
  describe_blend(description, options.model);
  // clang-format off
  description.add_options()
    ("top", po::value(&options.top)->value_name("N")->default_value(10)->notifier(within<Index>("top", 1, 100'000)),
     "items for each user");
  // clang-format on
  describe_whom(description, options.whom);
  // clang-format off
  description.add_options()
    ("seen", po::value<std::string>()->value_name("exclude|allow|only")->default_value("exclude")->notifier(
       one_of<SeenItems>("seen", options.seen, {{"exclude", SeenItems::exclude}, {"allow", SeenItems::allow}, {"only", SeenItems::only}})),
     "items that the dataset has of the user, in any part: leave them out, allow them, or list nothing else (to buy again)")
    ("explain", po::value(&options.explain)->value_name("N")->notifier(within<Index>("explain", 1, 1000)),
     "beside each item, the N items (and features, if the model has such) of the user that speak most for it, and the share of each")
    ("probability", read_file(&options.probability),
     "beside each item, how likely the user buys it: the file that calibrate has written for this model")
    ("output", list_output(&options.output, options.files),
     "file to write, by its ending: .csv, .tsv or .jsonl, all three also with .gz or .zst, or .h5 (HDF5); -: standard output");
  // clang-format on
  describe_list_rules(description, options.rules);
  describe_user_rules(description, options.rules);
  describe_list_format(description, options.format);
  describe_split(description, options.files);
  describe_compression(description, options.deflate_level);
}

namespace {

/// Throws Error(usage) for what only lists of users can have.
void require_sense_for_segments(const RecommendOptions& options, const ListFormat& format) {
  const bool is_mean = options.whom.taste != SegmentTaste::votes;
  const auto refuse = [](bool is_given, std::string_view what) {
    if (is_given) throw Error(ExitCode::usage, fmt::format("--for segments: {}", what));
  };
  refuse(format.layout == ListLayout::hdf5, "HDF5 has lists of users alone; expected CSV, TSV or JSON lines");
  refuse(options.files.split() != FileSplit::none, "--split-by-segment and --shards are for lists of users");
  refuse(options.explain > 0, "--explain takes apart the scores of users");
  refuse(!options.probability.empty(), "--probability is of lists of users");
  refuse(is_mean && options.model.is_blend(), "several models have no common mean; expected --segment-taste votes");
  refuse(is_mean && !options.rules.exclude_pairs.empty(),
         "--exclude-pairs is of users, and has an effect with --segment-taste votes alone");
  refuse(is_mean && options.seen != SeenItems::exclude,
         "--seen is of users' own lists, and has an effect with --segment-taste votes alone; see --segment-seen");
  if (options.format.columns.empty()) return;
  for (const TableColumns::Kept& column : parse_list_columns(options.format.columns)) {
    refuse(column.source == "segment" || column.name == "segment",
           "lists have a column segment anyway; expected other --columns");
  }
}

}  // namespace

void require_sense(const RecommendOptions& options) {
  require_sense(options.model);
  const ListFormat format = list_format(options.format, options.output);
  if (options.deflate_level > 0 && format.layout != ListLayout::hdf5) {
    throw Error(ExitCode::usage,
                fmt::format("--compression has a meaning only for HDF5, and {} is to be text", options.output));
  }
  if (options.explain > 0 && options.model.is_blend()) {
    throw Error(ExitCode::usage, "--explain takes apart the scores of one model; expected one --model");
  }
  if (options.explain > 0 && format.layout == ListLayout::hdf5) {
    throw Error(ExitCode::usage,
                "--explain needs an output of text: CSV, TSV or JSON lines; HDF5 has no place for reasons");
  }
  if (!options.format.columns.empty()) static_cast<void>(parse_list_columns(options.format.columns));
  require_sense(options.whom);
  require_sense(options.files, format, options.output);
  if (options.files.by_segment && options.whom.segments.empty()) {
    throw Error(ExitCode::usage, "--split-by-segment needs the file of the segments: --segments FILE");
  }
  if (!options.probability.empty() &&
      (options.model.is_blend() || options.seen != SeenItems::exclude || !options.rules.boost.empty())) {
    throw Error(ExitCode::usage,
                "--probability is of lists of one model with --seen exclude and without --boost, as "
                "calibrate looks at them");
  }
  if (!options.probability.empty() && !options.whom.logs.empty()) {
    throw Error(ExitCode::usage, "--probability is of scores by what the dataset has of users; expected no --log");
  }
  require_sense(options.rules);
  if (options.whom.lists_for == ListsFor::segments) require_sense_for_segments(options, format);
}

}  // namespace rankwise
