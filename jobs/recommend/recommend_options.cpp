#include "jobs/recommend/recommend_options.hpp"

#include <boost/program_options.hpp>
#include <fmt/format.h>

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
     "items for each user")
    ("users", read_file(&options.users), "users to serve: an id per line, or a CSV with a user column; without it all")
    ("unknown-users", po::value<std::string>()->value_name("skip|popular|error")->default_value("skip")->notifier(
       one_of<UnknownUsers>("unknown-users", options.unknown_users, {{"skip", UnknownUsers::skip}, {"popular", UnknownUsers::popular}, {"error", UnknownUsers::error}})),
     "ids of --users that the dataset does not have: count and skip them, give them the popular items, or stop")
    ("seen", po::value<std::string>()->value_name("exclude|allow|only")->default_value("exclude")->notifier(
       one_of<SeenItems>("seen", options.seen, {{"exclude", SeenItems::exclude}, {"allow", SeenItems::allow}, {"only", SeenItems::only}})),
     "items that the dataset has of the user, in any part: leave them out, allow them, or list nothing else (to buy again)")
    ("explain", po::value(&options.explain)->value_name("N")->notifier(within<Index>("explain", 1, 1000)),
     "beside each item, the N items of the user that speak most for it, and the share of each")
    ("probability", read_file(&options.probability),
     "beside each item, how likely the user buys it: the file that calibrate has written for this model")
    ("output", written_file(&options.output, list_endings)->required(),
     "file to write, by its ending: .csv, .tsv or .jsonl, all three also with .gz or .zst, or .h5 (HDF5); -: standard output");
  // clang-format on
  describe_list_rules(description, options.rules);
  describe_user_rules(description, options.rules);
  describe_list_format(description, options.format);
  describe_compression(description, options.deflate_level);
}

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
  if (options.unknown_users != UnknownUsers::skip && options.users.empty()) {
    throw Error(ExitCode::usage, "--unknown-users has a meaning only with --users");
  }
  if (!options.probability.empty() &&
      (options.model.is_blend() || options.seen != SeenItems::exclude || !options.rules.boost.empty())) {
    throw Error(ExitCode::usage,
                "--probability is of lists of one model with --seen exclude and without --boost, as "
                "calibrate looks at them");
  }
  require_sense(options.rules);
}

}  // namespace rankwise
