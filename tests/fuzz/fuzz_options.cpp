// A command line, one argument a line after a first line "rankwise JOB"; and the small texts that options take.

#include <sstream>
#include <vector>

#include "io/log/columns.hpp"
#include "jobs/data/prepare_options.hpp"
#include "jobs/evaluate/metrics.hpp"
#include "jobs/options/options.hpp"
#include "jobs/options/unit_options.hpp"
#include "jobs/planning/plan_settings.hpp"
#include "kernels/text/units.hpp"
#include "tests/fuzz/job_target.hpp"

namespace {

using namespace rankwise;

void parse_as_value(const std::string& text) {
  fuzz::read_or_refuse([&] { fuzz::require(parse_bytes("memory-budget", text) >= 0, "sizes are not negative"); });
  fuzz::read_or_refuse([&] {
    const ColumnChoice choice = parse_column_choice(text);
    static_cast<void>(find_columns(choice, {"user", "item", "value", "time", "fold"}, 5));
    static_cast<void>(find_columns(choice, {}, 4));
  });
  fuzz::read_or_refuse([&] {
    const Split split = parse_split("--split", text);
    fuzz::require(split.fraction >= 0 && split.fraction < 1 && split.count >= 0, "splits are in range");
  });
  fuzz::read_or_refuse([&] { static_cast<void>(parse_duplicates(text)); });
  fuzz::read_or_refuse([&] { static_cast<void>(parse_text_format(text)); });
  fuzz::read_or_refuse([&] { static_cast<void>(parse_header_rule(text)); });
  fuzz::read_or_refuse([&] { static_cast<void>(parse_missing_rules(text)); });
  fuzz::read_or_refuse(
      [&] { fuzz::require(parse_bad_row_limit(text).allowed(1000) >= 0, "limits of bad rows are not negative"); });
  fuzz::read_or_refuse([&] {
    const OutlierRule rule = parse_outlier_rule(text);
    fuzz::require(rule.multiple >= 0 && rule.low >= 0 && rule.low < rule.high && rule.high <= 1, "bounds are in range");
  });
  fuzz::read_or_refuse([&] { static_cast<void>(parse_metrics(text)); });
  fuzz::read_or_refuse([&] {
    for (const int count : parse_counts("ranks", text)) fuzz::require(count >= 1, "counts are at least 1");
  });
  fuzz::require(parse_time_limit(text).value_or(1) > 0, "time limits are above zero");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  std::istringstream lines{std::string(text)};
  std::vector<std::string> arguments;
  for (std::string line; std::getline(lines, line);) {
    arguments.push_back(line);
    parse_as_value(line.substr(line.find('=') + 1));  // npos + 1 = 0
  }
  if (arguments.empty()) return 0;
  fuzz::read_or_refuse([&] {
    JobOptions options(fuzz::job_of(text, "rankwise "));
    options.parse_command_line(std::span(arguments).subspan(1));
    options.resolve(1);
  });
  return 0;
}
