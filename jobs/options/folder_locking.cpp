#include "jobs/options/folder_locking.hpp"

#include <fmt/format.h>

#include "jobs/options/choices.hpp"

namespace rankwise {

Locking locking_of(const std::string& text) {
  Locking locking = Locking::automatic;
  one_of<Locking>("lock", locking, {{"auto", Locking::automatic}, {"off", Locking::off}})(text);
  return locking;
}

void warn_if_unlocked(Report& report, const std::string& folder, const std::string& fault) {
  if (fault.empty()) return;
  report.warning(
      fmt::format("{}: cannot be locked: {}; a second run in this folder is not noticed (--lock off: run "
                  "without a lock and without this warning)",
                  folder, fault));
}

}  // namespace rankwise
