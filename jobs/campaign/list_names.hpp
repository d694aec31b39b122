#pragma once
// Names of a campaign's lists, after the one that --lists names:
//
//   lists.csv -> lists-segment-3-mail.csv, lists-segment-none-mail.csv   one for each segment and channel
//                lists-controls.csv                                      whom nothing may be sent
//                lists.csv.manifest.json                                 which of them belong together

#include <boost/program_options.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "jobs/options/files_beside.hpp"

namespace rankwise {

class ListNames {
 public:
  explicit ListNames(const std::string& path);

  [[nodiscard]] std::string manifest() const { return path_ + ".manifest.json"; }
  [[nodiscard]] std::string controls() const;
  /// `segment`: -1 for customers in none; `channel`: any text, empty for none.
  [[nodiscard]] std::string of(std::int32_t segment, const std::string& channel) const;
  /// Files in the folder that have such names, by name. Throws Error(cannot_create) if it cannot be read.
  [[nodiscard]] std::vector<std::string> existing() const;

 private:
  std::string path_;
  std::string folder_;  // with its slash, or empty
  std::string stem_;
  std::string ending_;
};

/// The value of --lists: it knows the files that a run writes or removes beside it.
[[nodiscard]] boost::program_options::value_semantic* lists_output(std::string* path);

}  // namespace rankwise
