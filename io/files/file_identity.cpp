#include "io/files/file_identity.hpp"

#include <filesystem>
#include <sys/stat.h>
#include <system_error>

#include "io/files/unfinished_file.hpp"

namespace rankwise {

namespace {

namespace fs = std::filesystem;

std::optional<FileIdentity> identity_by(const struct stat& status) {
  if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) return std::nullopt;
  return FileIdentity{status.st_dev, status.st_ino, {}};
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

/// Without links and dots as far as the path exists.
fs::path plain_path(const std::string& path) {
  std::error_code error;
  fs::path plain = fs::weakly_canonical(fs::absolute(path, error), error);
  return error ? fs::path(path).lexically_normal() : plain;
}

}  // namespace

std::string follow_links(const std::string& path) {
  constexpr int most_links = 40;  // as Linux itself follows
  fs::path place = path;
  for (int link = 0; link < most_links; ++link) {
    std::error_code error;
    if (!fs::is_symlink(place, error)) return place.string();
    const fs::path target = fs::read_symlink(place, error);
    if (error) throw cannot_create(path, error.message());
    place = target.is_absolute() ? target : folder_of(place) / target;
  }
  throw cannot_create(path, std::make_error_code(std::errc::too_many_symbolic_link_levels).message());
}

std::optional<FileIdentity> identity_of(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) == 0) return identity_by(status);
  const fs::path target = follow_links(path);
  if (stat(folder_of(target).c_str(), &status) != 0) return FileIdentity{0, 0, plain_path(target)};
  return FileIdentity{status.st_dev, status.st_ino, target.filename()};
}

std::optional<FileIdentity> identity_of(int descriptor) {
  struct stat status {};
  if (fstat(descriptor, &status) != 0) return std::nullopt;
  return identity_by(status);
}

std::optional<std::string> path_inside(const std::string& folder, const std::string& file) {
  const std::string inside = plain_path(follow_links(file)).lexically_relative(plain_path(folder)).string();
  if (inside.empty() || inside == "." || inside == ".." || inside.starts_with("../")) return std::nullopt;
  return inside;
}

}  // namespace rankwise
