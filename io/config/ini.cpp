#include "io/config/ini.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

constexpr std::string_view blanks = " \t\r";

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) + 1 - begin);
}

/// The text before a comment, which begins outside quotes at the start or after a blank.
std::string_view without_comment(std::string_view text) {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    const bool may_begin = i == 0 || blanks.find(text[i - 1]) != std::string_view::npos;
    if (!quoted && may_begin && (text[i] == '#' || text[i] == ';')) return text.substr(0, i);
  }
  return text;
}

/// A line that is not empty.
struct IniLine {
  std::string_view text;
  int number = 0;
};

std::vector<IniLine> lines_of(std::string_view text) {
  std::vector<IniLine> lines;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // a byte order mark, as some editors leave
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(without_comment(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.empty()) lines.push_back({line, number});
  }
  return lines;
}

[[noreturn]] void refuse(std::string_view file_name, const IniLine& line, std::string_view reason) {
  throw Error(ExitCode::usage, fmt::format("{}:{}: {}", file_name, line.number, reason));
}

ConfigEntry parse_entry(const IniLine& line, std::string_view file_name) {
  const std::size_t equals = line.text.find('=');
  if (equals == std::string_view::npos) refuse(file_name, line, "expected name = value");
  const std::string_view name = trimmed(line.text.substr(0, equals));
  std::string_view value = trimmed(line.text.substr(equals + 1));
  if (name.empty()) refuse(file_name, line, "expected a name before '='");
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
  return {std::string(name), std::string(value), line.number};
}

}  // namespace

std::vector<ConfigEntry> parse_ini(std::string_view text, std::string_view file_name) {
  std::vector<ConfigEntry> entries;
  for (const IniLine& line : lines_of(text)) {
    if (line.text.front() == '[') refuse(file_name, line, "sections are not used here; expected name = value");
    entries.push_back(parse_entry(line, file_name));
  }
  return entries;
}

std::vector<ConfigSection> parse_ini_sections(std::string_view text, std::string_view file_name) {
  std::vector<ConfigSection> sections;
  for (const IniLine& line : lines_of(text)) {
    if (line.text.front() != '[') {
      if (sections.empty()) refuse(file_name, line, "expected a section, as in [als], before the first option");
      sections.back().entries.push_back(parse_entry(line, file_name));
      continue;
    }
    const std::string_view name = trimmed(line.text.substr(1, line.text.size() - 2));
    if (line.text.back() != ']' || name.empty()) refuse(file_name, line, "expected a section, as in [als]");
    for (const ConfigSection& known : sections) {
      if (known.name != name) continue;
      refuse(file_name, line, fmt::format("section [{}] is there already, in line {}", name, known.line));
    }
    sections.push_back({std::string(name), line.number, {}});
  }
  return sections;
}

std::string ini_line(std::string_view name, std::string_view value) {
  if (value.find('\n') != std::string_view::npos) {
    throw Error(ExitCode::usage,
                fmt::format("{}: '{}' has a line break, which no line of settings can hold", name, value));
  }
  for (const std::string& line : {fmt::format("{} = {}\n", name, value), fmt::format("{} = \"{}\"\n", name, value)}) {
    const std::vector<ConfigEntry> entries = parse_ini(line, "");
    if (entries.size() == 1 && entries[0].name == name && entries[0].value == value) return line;
  }
  throw Error(ExitCode::usage, fmt::format("{}: '{}' has quotes and comment signs that no line can hold", name, value));
}

}  // namespace rankwise
