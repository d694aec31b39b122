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

/// Throws Error(usage) if both are given, or if the output is no file of text.
void require_sense(const SplitOptions& options, const ListFormat& format, const std::string& output);

}  // namespace rankwise
