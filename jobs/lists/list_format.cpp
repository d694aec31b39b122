#include "jobs/lists/list_format.hpp"

#include <array>
#include <fmt/format.h>
#include <optional>
#include <string_view>

#include "jobs/options/choices.hpp"
#include "jobs/options/file_clashes.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

struct KnownFormat {
  std::string_view word;
  ListLayout layout;
};
constexpr std::array<KnownFormat, 4> known_formats{
    {{"csv", ListLayout::csv}, {"tsv", ListLayout::tsv}, {"jsonl", ListLayout::json_lines}, {"h5", ListLayout::hdf5}}};

constexpr std::string_view excel_word = "excel";

std::optional<ListLayout> layout_of(std::string_view word) {
  for (const KnownFormat& known : known_formats) {
    if (word == known.word) return known.layout;
  }
  return word == "hdf5" ? std::optional(ListLayout::hdf5) : std::nullopt;
}

/// Takes `ending` off the end of `text`; whether it was there.
bool take_ending(std::string& text, std::string_view ending) {
  if (!text.ends_with(ending)) return false;
  text.resize(text.size() - ending.size());
  return true;
}

}  // namespace

void describe_list_format(boost::program_options::options_description& description, ListFormatOptions& options) {
  namespace po = boost::program_options;
  // clang-format off
  description.add_options()
    ("format", po::value(&options.format)->value_name("csv|excel|tsv|jsonl|h5"),
     "how lists are written; without it the name of the output decides, and a name without an ending is CSV; excel: CSV that "
     "begins with a byte order mark, and where an apostrophe comes before texts that a spreadsheet would run as a formula")
    ("columns", po::value(&options.columns)->value_name("COLUMNS"),
     "columns of the dataset's table of items beside each item: COLUMN or NAME=COLUMN, separated by commas");
  // clang-format on
}

ListFormat list_format(const ListFormatOptions& options, const std::string& output) {
  std::string ending = output == standard_output_name ? std::string() : ending_of(output);
  ListFormat format;
  if (take_ending(ending, ".gz")) {
    format.packing = Packing::gzip;
  } else if (take_ending(ending, ".zst")) {
    format.packing = Packing::zstd;
  }
  const std::optional<ListLayout> named = layout_of(ending.empty() ? ending : ending.substr(1));
  const std::optional<ListLayout> asked = options.format == excel_word ? ListLayout::csv : layout_of(options.format);
  if (!options.format.empty() && !asked) {
    throw Error(ExitCode::usage,
                fmt::format("--format {}: expected one of csv, excel, tsv, jsonl, h5", options.format));
  }
  if (asked && named && *asked != *named) {
    throw Error(ExitCode::usage, fmt::format("--format {} contradicts the ending of --output {}; expected one of both",
                                             options.format, output));
  }
  format.layout = asked.value_or(named.value_or(ListLayout::csv));
  if (format.layout == ListLayout::hdf5 && output == standard_output_name) {
    throw Error(ExitCode::usage, "--format h5 needs a file; expected --output with a name, not -");
  }
  if (options.format == excel_word) format.readers = TextReaders::spreadsheets;
  return format;
}

}  // namespace rankwise
