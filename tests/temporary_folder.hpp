#pragma once
// A folder of its own for a test of one process.

#include <cstdlib>
#include <filesystem>
#include <string>

namespace rankwise {

/// A new folder among the temporary ones, which nobody else has; of a name that does not exist if it cannot be made.
inline std::string make_temporary_folder() {
  std::string path = (std::filesystem::temp_directory_path() / "rankwise-XXXXXX").string();
  return mkdtemp(path.data()) != nullptr ? path : "/no-temporary-folder";
}

/// Removed at the end with everything in it.
class TemporaryFolder {
 public:
  TemporaryFolder() = default;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string path = make_temporary_folder();
};

}  // namespace rankwise
