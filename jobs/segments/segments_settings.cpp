#include "jobs/segments/segments_settings.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <fmt/format.h>
#include <string_view>
#include <utility>

#include "jobs/options/choices.hpp"
#include "jobs/options/file_option.hpp"
#include "kernels/base/error.hpp"
#include "kernels/text/shown_text.hpp"

namespace rankwise {

namespace {

const Endings output_endings{".json", ".csv"};
const Endings page_endings{".html", ".htm"};

/// Throws Error(usage) if a name is empty or repeated.
std::vector<std::string> parse_columns(const std::string& list) {
  std::vector<std::string> columns;
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    std::string name(trimmed(std::string_view(list).substr(begin, end - begin)));
    if (name.empty() || std::ranges::find(columns, name) != columns.end()) {
      throw Error(ExitCode::usage, fmt::format("--export-columns {}: expected different names of columns, separated by "
                                               "commas",
                                               list));
    }
    columns.push_back(std::move(name));
    begin = end + 1;
  }
  return columns;
}

}  // namespace

void describe_segments_options(boost::program_options::options_description& description, SegmentsOptions& options) {
  namespace po = boost::program_options;
  // clang-format off
  description.add_options()
    ("data", read_file(&options.data)->required(), "dataset: its log says who bought what")
    ("segments", read_file(&options.clustering), "segments are the clusters of this clustering of users")
    ("segment-column", po::value(&options.segment_column)->value_name("COLUMN"),
     "segments are the values of this column of categories, of --profile or the dataset's table of users")
    ("points", read_file(&options.points), "the rows that were clustered, --input of kmeans: how well customers fit their segments")
    ("bootstrap", po::value<Index>()->value_name("N")->notifier([&options](Index replicates) {
       within<Index>("bootstrap", 0, 1000)(replicates);
       options.replicates = replicates; }), "with --points: samples of the customers in which clusters are looked for again, for the stability of segments; without it 20, 0: no stability")
    ("profile", read_file(&options.profile), "table of users to describe segments by, such as a file of profile; without it the dataset's own")
    ("names", read_file(&options.names), "names of segments: a text file with the columns segment and name")
    ("lists", read_file(&options.lists), "lists of recommend --output FILE.h5: the items that most customers of each segment are recommended")
    ("money", po::value(&options.money)->value_name("COLUMN"),
     "a customer's money is this column of numbers; without it the column money, of --profile or what orders add up to")
    ("against", read_file(&options.against.division), "last quarter's clustering; with --segment-column a file with last quarter's table of users")
    ("against-data", read_file(&options.against.data), "last quarter's dataset: its money, and who has slept since")
    ("against-profile", read_file(&options.against.profile), "last quarter's table of users: how the columns have shifted")
    ("against-names", read_file(&options.against.names), "names of last quarter's segments, which segments that match them take over")
    ("least-group", po::value(&options.least_group)->value_name("N")->default_value(10)->notifier(within<Index>("least-group", 2, 1'000'000)),
     "nothing about fewer customers is printed, nor what totals would give back")
    ("most-items", po::value(&options.most_items)->value_name("N")->default_value(1000)->notifier(within<Index>("most-items", 0, 100'000)),
     "compare segments by the N items with the most customers")
    ("most-lifts", po::value(&options.most_lifts)->value_name("N")->default_value(20)->notifier(within<Index>("most-lifts", 1, 100'000)),
     "write the N strongest lifts of each segment and attribute")
    ("output", written_file(&options.output, output_endings), "write all numbers as JSON or CSV")
    ("report", written_file(&options.report, page_endings), "write them as a page with plots")
    ("export", written_file(&options.customers, csv_endings), "write id and segment of each customer as CSV")
    ("export-columns", po::value<std::string>()->value_name("COLUMNS")->notifier([&options](const std::string& list) {
       options.list_columns = parse_columns(list); }),
     "with these columns of categories of the table of users, separated by commas: empty where fewer than --least-group customers of a segment share all values");
  // clang-format on
}

void require_sense(const SegmentsOptions& options) {
  const auto refuse = [](const std::string& message) { throw Error(ExitCode::usage, message); };
  if (options.clustering.empty() == options.segment_column.empty())
    refuse("expected either --segments CLUSTERING or --segment-column COLUMN");
  if (!options.list_columns.empty() && options.customers.empty())
    refuse("--export-columns has a meaning only with --export");
  if (!options.points.empty() && options.clustering.empty()) refuse("--points has a meaning only with --segments");
  if (options.points.empty() && options.replicates) refuse("--bootstrap has a meaning only with --points");
  const AgainstSettings& against = options.against;
  if (!against.division.empty()) return;
  if (!against.data.empty()) refuse("--against-data has a meaning only with --against");
  if (!against.profile.empty()) refuse("--against-profile has a meaning only with --against");
  if (!against.names.empty()) refuse("--against-names has a meaning only with --against");
}

}  // namespace rankwise
