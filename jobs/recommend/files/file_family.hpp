#pragma once
// Names of lists in several files, after the one that --output names:
//
//   lists.csv.gz -> lists-segment-3.csv.gz, lists-segment-none.csv.gz     one for each segment
//                   lists-00000-of-00004.csv.gz                           one for each rank
//                   lists.csv.gz.manifest.json                            which of them belong together

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/verify/listed_files.hpp"

namespace rankwise {

/// By what lists are in several files.
enum class FileSplit { none, segments, shards };

class FileFamily {
 public:
  explicit FileFamily(const std::string& output);

  [[nodiscard]] std::string manifest() const { return output_ + std::string(manifest_ending); }
  /// Nothing: the file of users without a segment.
  [[nodiscard]] std::string segment(std::optional<std::int32_t> number) const;
  [[nodiscard]] std::string shard(int number, int shards) const;
  /// Whether a file of this name, without a folder, is one that segment() or shard() can name.
  [[nodiscard]] bool has(const std::string& name) const;
  /// All such files in the folder of the output, by name, with it. Throws Error(cannot_create) if the folder cannot be
  /// read.
  [[nodiscard]] std::vector<std::string> existing() const;
  /// The path of a file of this name in the folder of the output.
  [[nodiscard]] std::string path_of(const std::string& name) const;

 private:
  std::string output_;
  std::string folder_;  // with its slash, or empty
  std::string stem_;
  std::string ending_;
};

}  // namespace rankwise
