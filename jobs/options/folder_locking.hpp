#pragma once
// The option of jobs that lock a folder.

#include <string>

#include "io/files/folder_lock.hpp"
#include "jobs/run/report.hpp"

namespace rankwise {

inline constexpr const char* lock_option_meaning =
    "auto: a second run in the folder is refused; if the file system has no locks, a warning says so; off: no lock";

/// The value of --lock. Throws Error(usage).
[[nodiscard]] Locking locking_of(const std::string& text);

/// A warning if the folder is not locked because of `fault`, which is empty where there is none. Root only.
void warn_if_unlocked(Report& report, const std::string& folder, const std::string& fault);

}  // namespace rankwise
