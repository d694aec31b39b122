#include "jobs/similar/similar_options.hpp"

#include <boost/program_options.hpp>
#include <fmt/format.h>

#include "jobs/lists/list_columns.hpp"
#include "jobs/options/choices.hpp"
#include "jobs/options/file_option.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

void describe_similar(boost::program_options::options_description& description, SimilarOptions& options) {
  namespace po = boost::program_options;
  // clang-format off
  description.add_options()
    ("model", read_file(&options.model)->required(), "model, as als or itemcf writes it")
    ("rows", po::value<std::string>()->value_name("items|users")->default_value("items")->notifier(
       one_of<RowSide>("rows", options.rows, {{"items", RowSide::items}, {"users", RowSide::users}})),
     "similar items for each item, or similar users for each user")
    ("top", po::value(&options.top)->value_name("N")->default_value(10)->notifier(within<Index>("top", 1, 100'000)),
     "similar ones for each")
    ("measure", po::value<std::string>()->value_name("cosine|inner-product")->notifier([&options](const std::string& text) {
       SimilarityMeasure measure = SimilarityMeasure::cosine;
       one_of<SimilarityMeasure>("measure", measure, {{"cosine", SimilarityMeasure::cosine}, {"inner-product", SimilarityMeasure::inner_product}})(text);
       options.measure = measure; }),
     "of factors: cosine (if not given), or the inner product, which prefers rows with long factors, as popular ones have")
    ("ids", read_file(&options.ids), "whose lists to write: an id per line, or a CSV with an item or user column; without it all")
    ("id", po::value(&options.id)->value_name("ID"), "whose list to write; repeatable")
    ("data", read_file(&options.data), "dataset whose table of items --where, --max-per and --columns read")
    ("output", written_file(&options.output, list_endings)->required(),
     "file to write, by its ending: .csv, .tsv or .jsonl, all three also with .gz or .zst, or .h5 (HDF5); -: standard output");
  // clang-format on
  describe_list_rules(description, options.rules);
  describe_list_format(description, options.format);
  describe_compression(description, options.deflate_level);
}

void require_sense(const SimilarOptions& options) {
  const ListFormat format = list_format(options.format, options.output);
  if (options.deflate_level > 0 && format.layout != ListLayout::hdf5) {
    throw Error(ExitCode::usage,
                fmt::format("--compression has a meaning only for HDF5, and {} is to be text", options.output));
  }
  if (!options.ids.empty() && !options.id.empty()) {
    throw Error(ExitCode::usage, "--ids and --id both choose lists; expected one of both");
  }
  if (!options.format.columns.empty()) static_cast<void>(parse_list_columns(options.format.columns));
  require_sense(options.rules);
  const bool reads_table =
      !options.rules.where.empty() || !options.rules.max_per.empty() || !options.format.columns.empty();
  if (options.rows == RowSide::users && (reads_table || !options.rules.choosing().empty())) {
    throw Error(ExitCode::usage,
                "--items, --exclude-items, --where, --max-per and --columns are of items; expected --rows items");
  }
  if (reads_table && options.data.empty()) {
    throw Error(ExitCode::usage,
                "--where, --max-per and --columns read a table of items; expected --data with the dataset that has it");
  }
  if (!reads_table && !options.data.empty()) {
    throw Error(ExitCode::usage, "--data has a meaning only with --where, --max-per or --columns");
  }
}

}  // namespace rankwise
