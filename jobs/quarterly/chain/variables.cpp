#include "jobs/quarterly/chain/variables.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <map>
#include <string_view>

#include "kernels/base/error.hpp"
#include "kernels/text/nearest_name.hpp"

namespace rankwise {

namespace {

constexpr std::string_view mark = "${";
constexpr std::string_view escape = "$${";
constexpr const char* variables_section = "variables";

using Variables = std::map<std::string, std::string>;

bool is_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char sign) {
    return std::isalnum(sign) != 0 || sign == '-' || sign == '_';
  });
}

/// A value of a file, for messages.
struct Place {
  const std::string& file;
  const ConfigSection& section;
  const ConfigEntry& entry;

  [[noreturn]] void refuse(const std::string& reason) const {
    throw Error(ExitCode::usage, fmt::format("{}:{}: [{}] {} = {}: {}", file, entry.line, section.name, entry.name,
                                             entry.value, reason));
  }
};

const std::string& value_of(const std::string& name, const Variables& variables, const Place& place) {
  const auto found = variables.find(name);
  if (found != variables.end()) return found->second;
  std::vector<std::string> known;
  for (const auto& [other, value] : variables) known.push_back(other);
  const std::string hint = nearest_hint(name, known, "");
  place.refuse(fmt::format("unknown variable {}{}", name,
                           hint.empty() ? fmt::format("; expected {} = VALUE in [variables], above its first use, or "
                                                      "--set variables.{}=VALUE",
                                                      name, name)
                                        : hint));
}

std::string filled_in(const Variables& variables, const Place& place) {
  std::string filled;
  std::string_view rest = place.entry.value;
  while (!rest.empty()) {
    if (rest.starts_with(escape)) {
      filled += mark;
      rest.remove_prefix(escape.size());
    } else if (rest.starts_with(mark)) {
      const std::size_t end = rest.find('}');
      const std::string_view name = rest.substr(mark.size(), end - std::min(end, mark.size()));
      if (end == std::string_view::npos || !is_name(name))
        place.refuse("expected a variable as in ${quarter}, or $${ for these signs themselves");
      filled += value_of(std::string(name), variables, place);
      rest.remove_prefix(end + 1);
    } else {
      filled += rest.front();
      rest.remove_prefix(1);
    }
  }
  return filled;
}

Variables read_variables(ConfigSection& section, const std::string& file_name) {
  Variables variables;
  for (ConfigEntry& entry : section.entries) {
    const Place place{file_name, section, entry};
    if (!is_name(entry.name)) place.refuse("expected a name of letters, digits, - and _");
    std::string value = filled_in(variables, place);
    if (!variables.emplace(entry.name, value).second) place.refuse("this variable has a value already");
    entry.value = std::move(value);
  }
  return variables;
}

struct GivenOption {
  std::string section;
  std::string option;
  std::string value;
};

GivenOption parse_setting(const std::string& text) {
  const std::size_t dot = text.find('.');
  const std::size_t equals = text.find('=');
  if (dot != std::string::npos && equals != std::string::npos && 0 < dot && dot + 1 < equals)
    return {text.substr(0, dot), text.substr(dot + 1, equals - dot - 1), text.substr(equals + 1)};
  throw Error(ExitCode::usage,
              fmt::format("--set {}: expected SECTION.OPTION=VALUE, as in variables.quarter=2024q3", text));
}

ConfigSection& section_to_set(std::vector<ConfigSection>& sections, const std::string& name, const std::string& text) {
  const auto found = std::ranges::find(sections, name, &ConfigSection::name);
  if (found != sections.end()) return *found;
  if (name == variables_section) return *sections.insert(sections.begin(), ConfigSection{name, 0, {}});
  std::vector<std::string> known{variables_section};
  for (const ConfigSection& section : sections) known.push_back(section.name);
  throw Error(ExitCode::usage,
              fmt::format("--set {}: the file has no section [{}]{}", text, name, nearest_hint(name, known, "")));
}

}  // namespace

void set_options(std::vector<ConfigSection>& sections, const std::vector<std::string>& settings) {
  for (const std::string& text : settings) {
    const GivenOption given = parse_setting(text);
    std::vector<ConfigEntry>& entries = section_to_set(sections, given.section, text).entries;
    // In the place of the file's own, since a variable may use those above it.
    auto place = std::ranges::find(entries, given.option, &ConfigEntry::name);
    if (place != entries.end() && place->line != 0) {
      *place = {given.option, given.value, 0};
      const auto same = [&](const ConfigEntry& entry) { return entry.name == given.option && entry.line != 0; };
      std::erase_if(entries, same);
    } else {
      while (place != entries.end() && place->name == given.option) ++place;
      entries.insert(place, {given.option, given.value, 0});
    }
  }
}

void fill_in_variables(std::vector<ConfigSection>& sections, const std::string& file_name) {
  const auto own = std::ranges::find(sections, variables_section, &ConfigSection::name);
  const Variables variables = own == sections.end() ? Variables() : read_variables(*own, file_name);
  for (ConfigSection& section : sections) {
    if (section.name == variables_section) continue;
    for (ConfigEntry& entry : section.entries) entry.value = filled_in(variables, {file_name, section, entry});
  }
}

std::string escaped_variables(const std::string& value) {
  std::string escaped;
  for (std::string_view rest = value; !rest.empty();) {
    const std::size_t at = std::min(rest.find(mark), rest.size());
    escaped += rest.substr(0, at);
    rest.remove_prefix(at);
    if (rest.empty()) break;
    escaped += escape;
    rest.remove_prefix(mark.size());
  }
  return escaped;
}

}  // namespace rankwise
