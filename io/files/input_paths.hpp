#pragma once
// Inputs that name many files: folders, patterns and lists.

#include <string>
#include <vector>

namespace rankwise {

/// What inputs name, in their order.
struct InputPaths {
  std::vector<std::string> paths;
  std::vector<std::string> notes;  ///< "logs: 12 files (left out: 1 hidden)", one for each input that is no file itself
};

/// The files of each input: of a folder its regular files by name, without hidden ones and folders; of a pattern (`*`,
/// `?`, `[...]`) that is no file itself all files that fit, by name; of `@LIST` what each line of that text file names
/// in one of these ways (blank lines and lines that begin with `#` name nothing). Anything else is the path of a file,
/// which need not exist. Names are compared by their bytes. Local; throws Error: no_input if a folder, pattern or list
/// has no files or a list cannot be read, usage if a file appears twice.
[[nodiscard]] InputPaths expand_inputs(const std::vector<std::string>& inputs);

}  // namespace rankwise
