#pragma once
// A folder of its own for a test that runs on several ranks.

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "tests/temporary_folder.hpp"

namespace rankwise {

/// Made by the root, known to all, removed with everything in it when every rank is done. Collective over comm.
class SharedFolder {
 public:
  explicit SharedFolder(const Communicator& comm) : comm_(comm) {
    if (comm_.is_root()) path_ = make_temporary_folder();
    comm_.broadcast(path_);
  }
  ~SharedFolder() {
    comm_.barrier();
    std::error_code ignored;
    if (comm_.is_root()) std::filesystem::remove_all(path_, ignored);
  }
  SharedFolder(const SharedFolder&) = delete;
  SharedFolder& operator=(const SharedFolder&) = delete;

  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }
  /// Names in the folder.
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path_))
      names.push_back(entry.path().filename().string());
    return names;
  }

 private:
  const Communicator& comm_;
  std::string path_;
};

inline std::string file_content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// What `step` throws: "CODE: message", or "" when nothing.
template <class Step>
std::string error_of(Step&& step) {
  try {
    step();
  } catch (const Error& error) {
    return std::to_string(static_cast<int>(error.code())) + ": " + error.what();
  }
  return "";
}

}  // namespace rankwise
