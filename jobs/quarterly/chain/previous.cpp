#include "jobs/quarterly/chain/previous.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <filesystem>
#include <fmt/format.h>
#include <memory>
#include <optional>

#include "io/config/ini.hpp"
#include "io/config/recorded_value.hpp"
#include "jobs/options/file_option.hpp"
#include "jobs/options/options.hpp"
#include "jobs/options/section_options.hpp"
#include "kernels/base/error.hpp"
#include "kernels/process/small_file.hpp"

namespace rankwise {

namespace {

namespace fs = std::filesystem;

void describe_files(boost::program_options::options_description& description, QuarterFiles& files) {
  // clang-format off
  description.add_options()
    ("data", read_file(&files.data), "last quarter's dataset")
    ("model", read_file(&files.model), "its model of factors that served")
    ("item-model", read_file(&files.item_model), "its item model that served")
    ("clustering", read_file(&files.clustering), "its clusters of users")
    ("profile", read_file(&files.profile), "its profile of customers")
    ("names", read_file(&files.names), "names of its segments")
    ("page", read_file(&files.page), "its page")
    ("numbers", read_file(&files.numbers), "the numbers of its page")
    ("assignment", read_file(&files.assignments)->composing(), "an assignment of a campaign; may be given several times");
  // clang-format on
}

Job job_into(const std::shared_ptr<QuarterFiles>& files) {
  Job job;
  job.name = "previous";
  job.describe = [files](boost::program_options::options_description& description) -> RunJob {
    describe_files(description, *files);
    return [](JobContext&) {};
  };
  return job;
}

}  // namespace

Job previous_job() {
  return job_into(std::make_shared<QuarterFiles>());
}

QuarterFiles read_previous(const ConfigSection& section, const std::string& file_name) {
  const auto files = std::make_shared<QuarterFiles>();
  JobOptions options(job_into(files));
  try {
    options.parse_entries(section.entries, file_name);
    options.resolve(1);
  } catch (const Error& error) {
    throw located(error, section, file_name);
  }
  return *files;
}

std::string products_path(const std::string& directory) {
  return (fs::path(directory) / "products.ini").string();
}

namespace {

/// Assignments that the quarter of the folder could not measure since their time was not over, by what it wrote then.
std::vector<std::string> pending_assignments(const std::string& directory) {
  std::vector<std::string> reports;
  for (const fs::directory_entry& file : fs::directory_iterator(directory)) {
    const std::string name = file.path().filename().string();
    if (name.starts_with("measure-") && name.ends_with(".json")) reports.push_back(file.path().string());
  }
  std::ranges::sort(reports);
  std::vector<std::string> assignments;
  for (const std::string& report : reports) {
    const std::optional<RecordedValue> pending = RecordedValue::parse(read_small_file(report), report).find("pending");
    if (!pending) continue;
    // Older files do not say of which.
    if (const auto assignment = pending->find("assignment")) assignments.push_back(assignment->text());
  }
  return assignments;
}

}  // namespace

ConfigSection previous_of_folder(const std::string& directory) {
  const std::string path = products_path(directory);
  if (!fs::exists(path)) {
    throw Error(
        ExitCode::no_input,
        fmt::format("{}: there is no such file; previous: expected the folder of a chain that was submitted "
                    "(submit an older chain again: what is done stays done), or a section [previous] with files",
                    path));
  }
  std::vector<ConfigSection> sections = parse_ini_sections(read_small_file(path), path);
  if (sections.size() != 1 || sections.front().name != "previous")
    throw Error(ExitCode::usage, fmt::format("{}: expected one section, [previous]", path));
  ConfigSection section = std::move(sections.front());
  (void)read_previous(section, path);
  for (ConfigEntry& entry : section.entries)
    entry.value = (fs::path(directory) / entry.value).lexically_normal().string();
  // Last quarter's own come last.
  int before = 0;
  for (const std::string& assignment : pending_assignments(directory)) {
    const auto is_known = [&assignment](const ConfigEntry& entry) {
      return entry.name == "assignment" && entry.value == assignment;
    };
    if (std::ranges::none_of(section.entries, is_known))
      section.entries.insert(section.entries.begin() + before++, {"assignment", assignment, section.line});
  }
  return section;
}

std::string products_text(const QuarterFiles& files, const std::string& directory) {
  std::string text = "# What this quarter's chain hands on: previous = of the next one reads it.\n[previous]\n";
  const auto add = [&](const char* name, const std::string& path) {
    if (path.empty()) return;
    const std::string inside = directory + "/";
    text += ini_line(name, path.starts_with(inside) ? path.substr(inside.size()) : path);
  };
  add("data", files.data);
  add("model", files.model);
  add("item-model", files.item_model);
  add("clustering", files.clustering);
  add("profile", files.profile);
  add("names", files.names);
  add("page", files.page);
  add("numbers", files.numbers);
  for (const std::string& path : files.assignments) add("assignment", path);
  return text;
}

}  // namespace rankwise
