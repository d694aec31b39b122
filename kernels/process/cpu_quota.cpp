#include "kernels/process/cpu_quota.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

namespace rankwise {

namespace {

namespace fs = std::filesystem;

enum class GroupVersion { one, two };

/// A hierarchy of groups that may limit processors, where it is mounted, and which of its groups is this process's.
struct Hierarchy {
  GroupVersion version = GroupVersion::two;
  std::string mounted_group;  ///< that the mount point shows
  std::string mount_point;
  std::string group;
};

std::vector<std::string> parts_of(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

bool has_cpu(const std::string& controllers) {
  return std::ranges::count(parts_of(controllers, ','), "cpu") > 0;
}

/// "0::/a/b" of version 2, "4:cpu,cpuacct:/a/b" of version 1; empty if there is none.
std::string group_of(const std::string& root, GroupVersion version) {
  std::ifstream file(root + "/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const bool is_wanted = version == GroupVersion::two ? controllers.empty() : has_cpu(controllers);
    if (is_wanted) return line.substr(second + 1);
  }
  return {};
}

/// Lines "36 35 0:30 GROUP MOUNT-POINT options - TYPE source super-options".
std::vector<Hierarchy> hierarchies(const std::string& root) {
  std::vector<Hierarchy> found;
  std::ifstream file(root + "/proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    const std::vector<std::string> before = parts_of(line.substr(0, dash), ' ');
    const std::vector<std::string> after = parts_of(line.substr(dash + 3), ' ');
    if (before.size() < 5 || after.size() < 3) continue;
    const bool is_two = after[0] == "cgroup2";
    if (!is_two && !(after[0] == "cgroup" && has_cpu(after[2]))) continue;
    const GroupVersion version = is_two ? GroupVersion::two : GroupVersion::one;
    found.push_back({version, before[3], before[4], group_of(root, version)});
  }
  return found;
}

/// Processors that this folder of a group grants; nothing without a limit.
std::optional<double> quota_in(const fs::path& folder, GroupVersion version) {
  double quota = 0;
  double period = 0;
  if (version == GroupVersion::two) {
    std::ifstream file(folder / "cpu.max");  // "max 100000" or "150000 100000"
    if (!(file >> quota >> period)) return std::nullopt;
  } else {
    std::ifstream quota_file(folder / "cpu.cfs_quota_us");  // -1: no limit
    std::ifstream period_file(folder / "cpu.cfs_period_us");
    if (!(quota_file >> quota) || !(period_file >> period)) return std::nullopt;
  }
  return quota > 0 && period > 0 ? std::optional(quota / period) : std::nullopt;
}

/// The group below the mount point; the mount point itself if the mount does not show it, as in a container.
fs::path place_of(const Hierarchy& hierarchy) {
  const fs::path inside = fs::path(hierarchy.group).lexically_relative(hierarchy.mounted_group);
  const bool is_shown = !inside.empty() && *inside.begin() != "..";
  return is_shown ? inside.lexically_normal() : fs::path(".");
}

}  // namespace

std::optional<int> cpu_quota(const std::string& root) {
  std::optional<double> least;
  for (const Hierarchy& hierarchy : hierarchies(root)) {
    fs::path folder = root + hierarchy.mount_point;
    const auto take = [&] {
      const std::optional<double> quota = quota_in(folder, hierarchy.version);
      if (quota) least = std::min(least.value_or(*quota), *quota);
    };
    take();
    for (const fs::path& part : place_of(hierarchy)) {
      folder /= part;
      take();
    }
  }
  if (!least) return std::nullopt;
  constexpr double most = 1e6;
  return std::max(1, static_cast<int>(std::ceil(std::min(*least, most) - 1e-9)));
}

}  // namespace rankwise
