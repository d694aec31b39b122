#pragma once
// Processor time that control groups grant, as containers and Kubernetes set it.

#include <optional>
#include <string>

namespace rankwise {

/// Processors of the smallest quota on this process's way through its control groups (cpu.max of version 2,
/// cpu.cfs_quota_us of version 1), rounded up, at least 1; nothing if there is no quota. `root` is put before every
/// path that is read: /proc/self/cgroup, /proc/self/mountinfo, and the groups' own files.
[[nodiscard]] std::optional<int> cpu_quota(const std::string& root = "");

}  // namespace rankwise
