#pragma once
// What configuration files say, whatever their format.

#include <functional>
#include <string>
#include <vector>

namespace rankwise {

struct ConfigEntry {
  std::string name;
  std::string value;
  int line = 0;  ///< from 1
};

/// Entries under a title: `[name]` in INI, an object in JSON.
struct ConfigSection {
  std::string name;
  int line = 0;  ///< of its title, from 1
  std::vector<ConfigEntry> entries;
};

/// Whether an option of a section (empty in a flat file) may stand several times.
using MayRepeat = std::function<bool(const std::string& section, const std::string& option)>;

}  // namespace rankwise
