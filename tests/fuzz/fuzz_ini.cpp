// Configuration files in INI: as entries, and as the options of the job that a first line "# JOB" names.

#include "io/config/ini.hpp"
#include "jobs/options/options.hpp"
#include "tests/fuzz/job_target.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rankwise;
  const std::string_view text = fuzz::text_of(data, size);
  if (!fuzz::read_or_refuse([&] {
        for (const ConfigEntry& entry : parse_ini(text, "input.ini")) {
          fuzz::require(!entry.name.empty() && entry.line > 0, "entries have a name and a line");
          fuzz::read_or_refuse([&] {
            const auto again = parse_ini(ini_line(entry.name, entry.value), "again.ini");
            fuzz::require(again.size() == 1 && again[0].value == entry.value, "a line reads back to its value");
          });
        }
      })) {
    return 0;
  }
  fuzz::read_or_refuse([&] {
    JobOptions options(fuzz::job_of(text, "# "));
    options.parse_config(text, "input.ini");
    options.resolve(1);
    // What a file says about where it came from is a configuration file itself.
    static_cast<void>(parse_ini(options.configuration(), "configuration"));
  });
  return 0;
}
