#pragma once
// The options of one job: from the command line and the configuration file to checked values.

#include <boost/program_options.hpp>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/config/config_entry.hpp"
#include "jobs/options/file_clashes.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// One option of a run and its resolved value.
struct Setting {
  std::string name;
  std::string value;
  bool determines_output = false;
};

/// Usage: parse_command_line, then parse_config with the text of config_file() if there is one, then resolve. Every
/// member throws Error(usage) with one line. A pure function of its inputs: the same on every rank.
/// An option that takes a path says how it is used (file_option.hpp); one that does not is a fault of the program.
class JobOptions {
 public:
  explicit JobOptions(const Job& job);

  void parse_command_line(std::span<const std::string> arguments);
  /// Whether the option, if there is one of this name, may be given several times.
  [[nodiscard]] bool may_repeat(const std::string& name) const;
  /// Path given by --config; empty where none was.
  [[nodiscard]] std::string config_file() const;
  /// `text` is the content of the configuration file `file_name`, INI or JSON. What the command line said stays.
  void parse_config(std::string_view text, const std::string& file_name);
  /// Likewise, of one section of a file.
  void parse_entries(std::span<const ConfigEntry> entries, const std::string& file_name);
  /// Checks that nothing is missing and hands the values to the job. Threads become `automatic_threads` where not
  /// given.
  void resolve(int automatic_threads);

  /// After resolve(): the run has fewer threads than were asked for.
  void limit_threads(int threads);

  /// After resolve():
  [[nodiscard]] const RunJob& run() const { return run_; }
  [[nodiscard]] const CommonOptions& common() const { return common_; }
  [[nodiscard]] const std::vector<Setting>& settings() const { return settings_; }
  /// The files and folders that options name, and those that the run writes beside them (files_beside.hpp), for
  /// require_sound_files(). Throws also Error(cannot_create).
  [[nodiscard]] std::vector<NamedFile> files() const;
  /// Those that determine the output, one `name = value` a line, sorted.
  [[nodiscard]] std::string configuration() const;

  /// What `rankwise JOB --help` prints.
  [[nodiscard]] std::string help() const;

 private:
  using Values = boost::program_options::basic_parsed_options<char>;
  [[nodiscard]] const boost::program_options::option_description* find(const std::string& name) const;
  [[nodiscard]] std::vector<std::string> names() const;
  /// `prefix` stands before names in error lines: "--" on the command line, nothing in a file.
  void check_values(const Values& values, const std::string& prefix) const;
  void remember_text(const Values& values);
  [[nodiscard]] Error explained(const boost::program_options::error& error, const std::string& prefix) const;

  Job job_;
  CommonOptions common_;
  boost::program_options::options_description job_options_;
  boost::program_options::options_description common_options_;
  boost::program_options::options_description all_options_;
  boost::program_options::variables_map values_;
  std::map<std::string, std::string> given_texts_;
  std::vector<Setting> settings_;
  RunJob run_;
};

}  // namespace rankwise
