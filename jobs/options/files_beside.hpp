#pragma once
// An option may name one file and have the run write others beside it.

#include <string>
#include <vector>

#include "jobs/options/file_clashes.hpp"

namespace rankwise {

/// What Boost's value of such an option is, beside a FileRole.
class FilesBeside {
 public:
  virtual ~FilesBeside() = default;
  FilesBeside() = default;
  FilesBeside(const FilesBeside&) = default;
  FilesBeside& operator=(const FilesBeside&) = default;

  /// Once all options are parsed: the files that a run writes or removes beside `path`, the value of the option
  /// `name`. Looks at the file system; throws Error(cannot_create).
  [[nodiscard]] virtual std::vector<NamedFile> files_beside(const std::string& name, const std::string& path) const = 0;
};

}  // namespace rankwise
