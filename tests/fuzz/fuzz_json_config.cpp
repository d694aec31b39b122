// Configuration files in JSON: as entries, as sections, and as options of every job.

#include "io/config/json_config.hpp"
#include "jobs/options/options.hpp"
#include "tests/fuzz/job_target.hpp"

namespace {

using namespace rankwise;

bool is_option_text(const ConfigEntry& entry) {
  const bool is_line = (entry.name + entry.value).find('\n') == std::string::npos;
  return is_line && !entry.name.empty() && entry.line > 0;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const auto repeats = [](const std::string& /*section*/, const std::string& option) { return option == "input"; };
  fuzz::read_or_refuse([&] {
    for (const ConfigSection& section : parse_json_sections(text, "input.json", repeats)) {
      fuzz::require(!section.name.empty() && section.line > 0, "sections have a name and a line");
      for (const ConfigEntry& entry : section.entries) fuzz::require(is_option_text(entry), "entries of one line");
    }
  });
  std::vector<ConfigEntry> entries;
  if (!fuzz::read_or_refuse([&] { entries = parse_json(text, "input.json", repeats); })) return 0;
  for (const ConfigEntry& entry : entries) fuzz::require(is_option_text(entry), "entries of one line");
  for (const Job& job : all_jobs()) {
    fuzz::read_or_refuse([&] {
      JobOptions options(job);
      options.parse_config(text, "input.json");
      options.resolve(1);
    });
  }
  return 0;
}
