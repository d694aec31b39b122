#include "jobs/recommend/files/file_family.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <string_view>
#include <system_error>

#include "jobs/options/file_clashes.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

bool is_number(std::string_view text, std::size_t least_digits) {
  return text.size() >= least_digits && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool take_beginning(std::string_view& text, std::string_view beginning) {
  if (!text.starts_with(beginning)) return false;
  text.remove_prefix(beginning.size());
  return true;
}

/// What comes between the stem and the ending.
bool is_part_of_family(std::string_view middle) {
  if (take_beginning(middle, "-segment-")) return middle == "none" || is_number(middle, 1);
  if (!take_beginning(middle, "-")) return false;
  const std::size_t of = middle.find("-of-");
  return of != std::string_view::npos && is_number(middle.substr(0, of), 5) && is_number(middle.substr(of + 4), 5);
}

}  // namespace

FileFamily::FileFamily(const std::string& output) : output_(output) {
  const std::size_t slash = output.rfind('/');
  folder_ = slash == std::string::npos ? "" : output.substr(0, slash + 1);
  const std::string name = output.substr(folder_.size());
  const std::size_t ending_bytes = ending_of(output).size();
  stem_ = name.substr(0, name.size() - ending_bytes);
  ending_ = name.substr(stem_.size());
}

std::string FileFamily::segment(std::optional<std::int32_t> number) const {
  return path_of(fmt::format("{}-segment-{}{}", stem_, number ? fmt::format("{}", *number) : "none", ending_));
}

std::string FileFamily::shard(int number, int shards) const {
  return path_of(fmt::format("{}-{:05}-of-{:05}{}", stem_, number, shards, ending_));
}

bool FileFamily::has(const std::string& name) const {
  if (name.size() < stem_.size() + ending_.size() || !name.starts_with(stem_) || !name.ends_with(ending_)) return false;
  return is_part_of_family(std::string_view(name).substr(stem_.size(), name.size() - stem_.size() - ending_.size()));
}

std::vector<std::string> FileFamily::existing() const {
  std::vector<std::string> found;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder_.empty() ? "." : folder_, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (has(name)) found.push_back(path_of(name));
  }
  if (error) {
    throw Error(ExitCode::cannot_create, fmt::format("{}: cannot read its folder: {}", output_, error.message()));
  }
  std::ranges::sort(found);
  return found;
}

std::string FileFamily::path_of(const std::string& name) const {
  return folder_ + name;
}

}  // namespace rankwise
