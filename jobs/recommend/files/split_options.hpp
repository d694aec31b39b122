#pragma once
// --split-by-segment and --shards: lists in several files.

#include <boost/program_options.hpp>
#include <string>

#include "jobs/lists/list_format.hpp"
#include "jobs/recommend/files/file_family.hpp"

namespace rankwise {

struct SplitOptions {
  bool by_segment = false;
  bool by_rank = false;

  [[nodiscard]] FileSplit split() const {
    return by_segment ? FileSplit::segments : by_rank ? FileSplit::shards : FileSplit::none;
  }
};

void describe_split(boost::program_options::options_description& description, SplitOptions& options);

/// The value of --output, a name of one of these endings: it knows the files that a split writes or removes, all that
/// are named so in the folder by now. `output` and `options`, as both are parsed, outlive it.
[[nodiscard]] boost::program_options::value_semantic* list_output(std::string* output, const SplitOptions& options);

/// Throws Error(usage) if both are given, or if the output is no file of text.
void require_sense(const SplitOptions& options, const ListFormat& format, const std::string& output);

}  // namespace rankwise
