#pragma once
// A section of a file as a job's command line, with what the section leaves out filled in.

#include <string>
#include <utility>
#include <vector>

#include "io/config/config_entry.hpp"
#include "jobs/run/job.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

using NamedValues = std::vector<std::pair<std::string, std::string>>;

/// What became of a section.
struct SectionCommand {
  std::vector<std::string> arguments;  ///< of the job
  std::vector<std::string> launch;     ///< of those that every job has, what changes no output
  std::string configuration;           ///< resolved: what decides the output, beside files
  NamedValues files;                   ///< options that name files or folders, and their absolute paths

  /// The path that the option names first; empty where it is not given.
  [[nodiscard]] std::string file(const std::string& option) const;
};

/// The error with its place in the file: the line of the option that it names, or the section.
[[nodiscard]] Error located(const Error& error, const ConfigSection& section, const std::string& file_name);

/// Puts absolute paths in the place of relative ones, wherever an option of the job names a file or folder.
void make_paths_absolute(const Job& job, std::vector<ConfigEntry>& entries);

/// Parses and checks the section's entries as the job itself would; `wired` are options and values that stand where the
/// section does not say otherwise. Throws Error(usage) that names the file, and line or section.
[[nodiscard]] SectionCommand section_command(const Job& job, const ConfigSection& section, const NamedValues& wired,
                                             const std::string& file_name);

}  // namespace rankwise
