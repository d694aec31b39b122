#include "jobs/campaign/list_names.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <system_error>

#include "jobs/lists/list_format.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

namespace fs = std::filesystem;

const std::string segment_mark = "-segment-";
const std::string controls_mark = "-controls";

/// What file systems and shells take as it is.
std::string plain_name(const std::string& text) {
  if (text.empty()) return "none";
  std::string plain = text;
  std::ranges::replace_if(
      plain,
      [](char c) {
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        return !is_letter && !(c >= '0' && c <= '9') && c != '-' && c != '_';
      },
      '_');
  return plain;
}

bool is_binary(const std::string& path) {
  return std::ranges::find(hdf5_endings, ending_of(path)) != hdf5_endings.end();
}

class ListsOutput : public FileValue<std::string>, public FilesBeside {
 public:
  explicit ListsOutput(std::string* path) : FileValue(path, "FILE", {FileUse::written, endings(), {}}) {}

  [[nodiscard]] std::vector<NamedFile> files_beside(const std::string& name, const std::string& path) const override {
    std::vector<NamedFile> files;
    if (is_binary(path)) return files;
    const ListNames names(path);
    std::vector<std::string> paths{names.manifest(), names.controls()};
    if (fs::is_directory(fs::absolute(path).parent_path())) {
      for (const std::string& each : names.existing()) {
        if (each != names.controls()) paths.push_back(each);
      }
    }
    for (const std::string& each : paths) files.push_back({"a file of " + name, each, {FileUse::written, {}, {}}});
    return files;
  }

 private:
  /// Those of lists, but standard output: these are several files.
  static Endings endings() {
    Endings all = list_endings;
    std::erase(all, standard_output_name);
    return all;
  }
};

}  // namespace

ListNames::ListNames(const std::string& path) : path_(path) {
  const std::size_t slash = path.rfind('/');
  folder_ = slash == std::string::npos ? "" : path.substr(0, slash + 1);
  const std::string name = path.substr(folder_.size());
  stem_ = name.substr(0, name.size() - ending_of(path).size());
  ending_ = name.substr(stem_.size());
}

std::string ListNames::controls() const {
  return folder_ + stem_ + controls_mark + ending_;
}

std::string ListNames::of(std::int32_t segment, const std::string& channel) const {
  return fmt::format("{}{}{}{}-{}{}", folder_, stem_, segment_mark,
                     segment < 0 ? std::string("none") : std::to_string(segment), plain_name(channel), ending_);
}

std::vector<std::string> ListNames::existing() const {
  std::vector<std::string> found;
  std::error_code error;
  fs::directory_iterator files(folder_.empty() ? "." : folder_, error);
  for (; !error && files != fs::directory_iterator(); files.increment(error)) {
    const std::string name = files->path().filename().string();
    const bool is_ours = name.starts_with(stem_ + segment_mark) || name == stem_ + controls_mark + ending_;
    if (is_ours && name.ends_with(ending_)) found.push_back(folder_ + name);
  }
  if (error) throw Error(ExitCode::cannot_create, fmt::format("{}: {}", path_, error.message()));
  std::ranges::sort(found);
  return found;
}

boost::program_options::value_semantic* lists_output(std::string* path) {
  return new ListsOutput(path);
}

}  // namespace rankwise
