#pragma once
// What a chain takes from last quarter's: [previous] of its file, or what another chain's folder says of itself.

#include <string>
#include <string_view>
#include <vector>

#include "io/config/config_entry.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// Files of a quarter that the next one reads; empty: there is none. Paths are absolute.
struct QuarterFiles {
  std::string data;
  std::string model;       ///< of factors: the one that serves
  std::string item_model;  ///< likewise
  std::string clustering;  ///< of users
  std::string profile;
  std::string names;  ///< of segments
  std::string page;
  std::string numbers;                   ///< the page's, as JSON
  std::vector<std::string> assignments;  ///< of campaigns

  [[nodiscard]] bool operator==(const QuarterFiles&) const = default;
};

/// [previous] as the options of a job, for what all sections have in common.
[[nodiscard]] Job previous_job();

/// Throws Error(usage) that names file and line.
[[nodiscard]] QuarterFiles read_previous(const ConfigSection& section, const std::string& file_name);

/// The section that the products file of `directory` has, with absolute paths. Throws Error (no_input, usage).
[[nodiscard]] ConfigSection previous_of_folder(const std::string& directory);

/// DIR/products.ini: a section [previous] with paths from `directory` on, where they are in it.
[[nodiscard]] std::string products_text(const QuarterFiles& files, const std::string& directory);
[[nodiscard]] std::string products_path(const std::string& directory);

}  // namespace rankwise
