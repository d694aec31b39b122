#include "jobs/ini.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "kernels/error.hpp"

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

}  // namespace

std::vector<IniEntry> parse_ini(std::string_view text, std::string_view file_name) {
  std::vector<IniEntry> entries;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // a byte order mark, as some editors leave
  int number = 0;
  while (!text.empty()) {
    ++number;
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(without_comment(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) continue;
    const auto refuse = [&](std::string_view reason) {
      throw Error(ExitCode::usage, fmt::format("{}:{}: {}", file_name, number, reason));
    };
    if (line.front() == '[') refuse("sections are not used here; expected name = value");
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) refuse("expected name = value");
    const std::string_view name = trimmed(line.substr(0, equals));
    std::string_view value = trimmed(line.substr(equals + 1));
    if (name.empty()) refuse("expected a name before '='");
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    entries.push_back({std::string(name), std::string(value), number});
  }
  return entries;
}

}  // namespace rankwise
