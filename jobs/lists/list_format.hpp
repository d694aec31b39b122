#pragma once
// How the lists of `recommend` are written down: by the ending of the output's name, or as an option says.

#include <boost/program_options.hpp>
#include <string>

#include "io/text/file_kind.hpp"
#include "jobs/options/file_option.hpp"

namespace rankwise {

/// What the name of an output may end in.
inline const Endings list_endings{".csv",     ".tsv",     ".jsonl",     ".csv.gz", ".tsv.gz", ".jsonl.gz",
                                  ".csv.zst", ".tsv.zst", ".jsonl.zst", ".h5",     ".hdf5",   standard_output_name};

enum class ListLayout { csv, tsv, json_lines, hdf5 };

/// Whether a spreadsheet shall open the file: a byte order mark, and no text that it would run as a formula.
enum class TextReaders { programs, spreadsheets };

struct ListFormat {
  ListLayout layout = ListLayout::csv;
  Packing packing = Packing::none;
  TextReaders readers = TextReaders::programs;
};

struct ListFormatOptions {
  std::string format;   ///< "csv", "tsv", "jsonl", "h5", "excel"; empty: by the output's name
  std::string columns;  ///< of the table of items; empty: none
};

void describe_list_format(boost::program_options::options_description& description, ListFormatOptions& options);

/// Throws Error(usage) if the options contradict the name or each other.
[[nodiscard]] ListFormat list_format(const ListFormatOptions& options, const std::string& output);

}  // namespace rankwise
