#include "jobs/options/file_clashes.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <iterator>
#include <map>
#include <optional>
#include <string_view>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "io/files/file_identity.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

bool is_written(const NamedFile& file) {
  return file.role.use() == FileUse::written || file.role.use() == FileUse::folder_written;
}

bool is_folder(const NamedFile& file) {
  return file.role.use() == FileUse::folder_read || file.role.use() == FileUse::folder_written;
}

/// With both spellings if they differ.
std::string same_file_text(const NamedFile& a, const NamedFile& b) {
  if (a.path == b.path) return fmt::format("{} and {} name the same file {}", a.name, b.name, a.path);
  return fmt::format("{} {} and {} {} are the same file", a.name, a.path, b.name, b.path);
}

[[noreturn]] void refuse_same_file(const NamedFile& a, const NamedFile& b) {
  const bool both_written = is_written(a) && is_written(b);
  throw Error(ExitCode::usage, fmt::format("{}; {}", same_file_text(a, b),
                                           both_written ? "expected a file of its own for each"
                                                        : "a run never writes over what it reads"));
}

void require_distinct_identities(std::span<const NamedFile> files) {
  std::map<FileIdentity, const NamedFile*> known;
  for (const NamedFile& file : files) {
    const std::optional<FileIdentity> identity = identity_of(file.path);
    if (!identity) continue;
    const auto [other, is_new] = known.emplace(*identity, &file);
    if (is_new) continue;
    if (is_written(file) || is_written(*other->second)) refuse_same_file(*other->second, file);
  }
}

bool is_among(const std::string& path, const std::vector<std::string_view>& own) {
  return std::ranges::any_of(own, [&path](std::string_view name) {
    const bool is_beginning = name.ends_with('/') || name.ends_with('-');
    return is_beginning ? path.starts_with(name) : path == name;
  });
}

/// Files that the run keeps in a folder are nobody else's.
void require_outside(const NamedFile& folder, const NamedFile& file) {
  if (is_folder(file) || file.role.use() == FileUse::read_from_folder) return;
  if (!is_written(folder) && !is_written(file)) return;
  const std::optional<std::string> inside = path_inside(folder.path, file.path);
  if (!inside || !is_among(*inside, folder.role.own())) return;
  throw Error(ExitCode::usage,
              fmt::format("{} {} is a file that a run keeps for itself in {} {}; expected another file", file.name,
                          file.path, folder.name, folder.path));
}

}  // namespace

void require_distinct_files(std::span<const NamedFile> files) {
  require_distinct_identities(files);
  for (const NamedFile& folder : files) {
    if (!is_folder(folder)) continue;
    for (const NamedFile& file : files) require_outside(folder, file);
  }
}

void require_apart_from_streams(std::span<const NamedFile> files) {
  constexpr std::array<std::pair<int, std::string_view>, 2> streams{
      {{STDOUT_FILENO, "standard output"}, {STDERR_FILENO, "standard error"}}};
  for (const auto& [descriptor, name] : streams) {
    const std::optional<FileIdentity> stream = identity_of(descriptor);
    if (!stream) continue;
    for (const NamedFile& file : files) {
      if (is_folder(file) || file.path.starts_with("/dev/") || identity_of(file.path) != stream) continue;
      throw Error(ExitCode::usage,
                  fmt::format("{} {} is also the file of {}; expected another file", file.name, file.path, name));
    }
  }
}

std::string ending_of(const std::string& path) {
  const std::filesystem::path name(path);
  std::string ending = name.extension().string();
  if (ending == ".gz" || ending == ".zst") ending = name.stem().extension().string() + ending;
  std::ranges::transform(ending, ending.begin(),
                         [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return ending;
}

void require_known_ending(const NamedFile& file) {
  const Endings& known = file.role.endings();
  if (is_written(file) && file.path == standard_output_name) {
    if (std::ranges::find(known, standard_output_name) != known.end()) return;
    throw Error(ExitCode::usage, fmt::format("{} -: this is not written to standard output; expected the name of a {}",
                                             file.name, is_folder(file) ? "folder" : "file"));
  }
  const std::string ending = ending_of(file.path);
  if (known.empty() || ending.empty() || std::ranges::find(known, ending) != known.end()) return;
  Endings shown;
  std::ranges::copy_if(known, std::back_inserter(shown),
                       [](std::string_view end) { return end != standard_output_name; });
  throw Error(ExitCode::usage, fmt::format("{} {}: cannot write a file of the kind {}; expected a name that ends in {}",
                                           file.name, file.path, ending, fmt::join(shown, ", ")));
}

void require_fit_path(const NamedFile& file) {
  if (is_folder(file) || (is_written(file) && file.path == standard_output_name)) return;
  std::error_code error;
  const bool is_directory = std::filesystem::is_directory(file.path, error);
  if (is_directory && file.role.use() == FileUse::files_read) return;
  if (is_directory && !is_written(file)) {
    throw Error(ExitCode::no_input, fmt::format("{} {}: is a directory, not a file", file.name, file.path));
  }
  const bool is_too_long = error == std::errc::filename_too_long;
  if (!is_written(file) || (!is_directory && !is_too_long)) return;
  throw Error(ExitCode::cannot_create, fmt::format("{} {}: cannot create: {}", file.name, file.path,
                                                   is_directory ? "it is a directory" : error.message()));
}

void require_sound_files(std::span<const NamedFile> files) {
  require_distinct_files(files);
  std::ranges::for_each(files, require_known_ending);
  std::ranges::for_each(files, require_fit_path);
}

}  // namespace rankwise
