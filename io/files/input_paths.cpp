#include "io/files/input_paths.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <glob.h>
#include <map>
#include <optional>
#include <system_error>

#include "io/files/file_identity.hpp"
#include "kernels/base/error.hpp"
#include "kernels/text/counted.hpp"
#include "kernels/text/shown_text.hpp"

namespace rankwise {

namespace {

namespace fs = std::filesystem;

bool is_folder(const std::string& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

bool is_regular(const std::string& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

bool is_pattern(const std::string& path) {
  std::error_code error;
  return path.find_first_of("*?[") != std::string::npos && !fs::exists(path, error);
}

/// What is found at a place that may hold more than files to read.
struct Found {
  std::vector<std::string> files;
  Index hidden = 0;
  Index folders = 0;
  Index others = 0;  ///< pipes, devices, links to nothing

  void add(const std::string& path) {
    if (fs::path(path).filename().string().starts_with('.')) {
      ++hidden;
    } else if (is_folder(path)) {
      ++folders;
    } else if (is_regular(path)) {
      files.push_back(path);
    } else {
      ++others;
    }
  }
  /// " (left out: 1 hidden, 2 folders)", or nothing.
  [[nodiscard]] std::string left_out() const {
    std::string text;
    const auto tell = [&text](Index count, const std::string& what) {
      if (count > 0) text += (text.empty() ? "" : ", ") + what;
    };
    tell(hidden, fmt::format("{} hidden", hidden));
    tell(folders, counted(folders, "folder"));
    tell(others, fmt::format("{} not regular", others));
    return text.empty() ? text : fmt::format(" (left out: {})", text);
  }
};

void take(const std::string& input, Found found, InputPaths& inputs) {
  if (found.files.empty()) {
    throw Error(ExitCode::no_input, fmt::format("{}: there is no file to read{}", input, found.left_out()));
  }
  std::ranges::sort(found.files);
  inputs.notes.push_back(
      fmt::format("{}: {}{}", input, counted(static_cast<Index>(found.files.size()), "file"), found.left_out()));
  inputs.paths.insert(inputs.paths.end(), found.files.begin(), found.files.end());
}

void add_folder(const std::string& folder, InputPaths& inputs) {
  Found found;
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) found.add(entries->path().string());
  if (error) throw Error(ExitCode::no_input, fmt::format("{}: {}", folder, error.message()));
  take(folder, std::move(found), inputs);
}

void add_pattern(const std::string& pattern, InputPaths& inputs) {
  Found found;
  glob_t matches{};
  const int status = glob(pattern.c_str(), GLOB_NOSORT, nullptr, &matches);
  for (std::size_t i = 0; status == 0 && i < matches.gl_pathc; ++i) found.add(matches.gl_pathv[i]);
  globfree(&matches);
  if (status == GLOB_NOSPACE) throw Error(ExitCode::internal, "out of memory while looking for files");
  take(pattern, std::move(found), inputs);
}

void add_unlisted(const std::string& input, InputPaths& inputs) {
  if (is_folder(input)) {
    add_folder(input, inputs);
  } else if (is_pattern(input)) {
    add_pattern(input, inputs);
  } else {
    inputs.paths.push_back(input);
  }
}

void add_list(const std::string& list, InputPaths& inputs) {
  std::ifstream file(list);
  if (!is_regular(list) || !file) {
    throw Error(ExitCode::no_input, fmt::format("{}: this list of files cannot be read", list));
  }
  const std::size_t before = inputs.paths.size();
  std::string line;
  for (Index number = 1; std::getline(file, line); ++number) {
    if (line.ends_with('\r')) line.pop_back();
    const std::string input(trimmed(line));
    if (input.empty() || input.starts_with('#')) continue;
    try {
      add_unlisted(input, inputs);
    } catch (const Error& error) {
      throw Error(error.code(), fmt::format("{}:{}: {}", list, number, error.what()));
    }
  }
  if (file.bad()) throw Error(ExitCode::io_error, fmt::format("{}: cannot be read", list));
  const auto files = static_cast<Index>(inputs.paths.size() - before);
  if (files == 0) throw Error(ExitCode::no_input, fmt::format("{}: this list names no file", list));
  inputs.notes.push_back(fmt::format("{}: names {}", list, counted(files, "file")));
}

/// Rows of a file that is read twice would count twice.
void require_distinct(const std::vector<std::string>& paths) {
  std::map<FileIdentity, const std::string*> known;
  for (const std::string& path : paths) {
    const std::optional<FileIdentity> identity = identity_of(path);
    if (!identity) continue;
    const auto [other, is_new] = known.emplace(*identity, &path);
    if (is_new) continue;
    throw Error(ExitCode::usage,
                *other->second == path
                    ? fmt::format("{} is an input twice; expected each file once", path)
                    : fmt::format("{} and {} are the same file; expected each file once", *other->second, path));
  }
}

}  // namespace

InputPaths expand_inputs(const std::vector<std::string>& inputs) {
  InputPaths expanded;
  for (const std::string& input : inputs) {
    if (input.starts_with('@')) {
      add_list(input.substr(1), expanded);
    } else {
      add_unlisted(input, expanded);
    }
  }
  require_distinct(expanded.paths);
  return expanded;
}

}  // namespace rankwise
