#include "io/dataset/merge_rules.hpp"

#include <cmath>
#include <fmt/format.h>
#include <string>

#include "kernels/base/error.hpp"

namespace rankwise {

namespace {
template <class Value>
Value known(const std::optional<Value>& value, const Hdf5Reader& file, const char* attribute,
            const std::string& words) {
  if (value) return *value;
  throw Error(ExitCode::bad_data,
              fmt::format("{}: its attribute {} is unknown, expected one of {}", file.path(), attribute, words));
}
}  // namespace

void write_merge_rules(Hdf5Writer& file, const MergeRules& rules) {
  file.write_attribute("/", "duplicates", duplicates_name(rules.duplicates));
  file.write_attribute("/", "repeats", repeats_name(rules.repeats));
  if (rules.min_total) file.write_attribute("/", "min-total", *rules.min_total);
}

MergeRules read_merge_rules(const Hdf5Reader& file) {
  MergeRules rules;
  rules.duplicates = known(duplicates_of(file.read_text("/", "duplicates")), file, "duplicates", duplicates_names());
  rules.repeats = known(repeats_of(file.read_text("/", "repeats")), file, "repeats", repeats_names());
  if (file.has_attribute("/", "min-total")) {
    rules.min_total = file.read_number("/", "min-total");
    if (!std::isfinite(*rules.min_total)) {
      throw Error(ExitCode::bad_data, fmt::format("{}: its attribute min-total is not finite", file.path()));
    }
  }
  return rules;
}

}  // namespace rankwise
