#include "jobs/options/option_text.hpp"

#include <algorithm>
#include <cstdint>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sstream>
#include <vector>

namespace rankwise {

namespace po = boost::program_options;

namespace {

constexpr std::size_t help_width = 110;
constexpr std::size_t meaning_column = 38;

/// Sets `text` where `value` holds a T.
template <class T>
bool try_text(const boost::any& value, std::string& text) {
  if (const T* typed = boost::any_cast<T>(&value)) {
    text = fmt::format("{}", *typed);
    return true;
  }
  if (const auto* list = boost::any_cast<std::vector<T>>(&value)) {
    text = fmt::format("{}", fmt::join(*list, ","));
    return true;
  }
  return false;
}

template <class... Types>
bool try_texts(const boost::any& value, std::string& text) {
  return (try_text<Types>(value, text) || ...);
}

}  // namespace

std::string value_name(const po::option_description& option) {
  if (option.semantic()->max_tokens() == 0) return {};
  const std::string name = option.semantic()->name();  // "NAME (=default)"
  return name.substr(0, name.find(" (="));
}

namespace {

/// "auto", "never" and "FILE" of "auto|never|FILE".
std::vector<std::string> forms(const po::option_description& option) {
  std::vector<std::string> all(1);
  for (const char c : value_name(option)) {
    if (c == '|') {
      all.emplace_back();
    } else {
      all.back() += c;
    }
  }
  return all;
}

/// An environment variable in place of a file.
constexpr std::string_view variable_form = "env:NAME";

bool is_path_form(const std::string& form) {
  return form == "FILE" || form == "DIR";
}

}  // namespace

bool takes_paths(const po::option_description& option) {
  return std::ranges::any_of(forms(option), is_path_form);
}

bool takes_as_path(const po::option_description& option, const std::string& value) {
  const std::vector<std::string> all = forms(option);
  const auto is_value = [&](const std::string& form) {
    return form == variable_form ? value.starts_with("env:") : form == value;
  };
  return std::ranges::any_of(all, is_path_form) && std::ranges::none_of(all, is_value);
}

bool says_only_where(const po::option_description& option) {
  return std::ranges::all_of(forms(option),
                             [](const std::string& form) { return is_path_form(form) || form == variable_form; });
}

std::string value_text(const boost::any& value, const std::string& given) {
  std::string text;
  if (const bool* flag = boost::any_cast<bool>(&value)) return *flag ? "true" : "false";
  try_texts<std::string, int, unsigned, long, unsigned long, long long, unsigned long long, float, double>(value,
                                                                                                           text) ||
      (text = given, true);
  return text;
}

std::string default_text(const po::option_description& option) {
  const std::string name = option.semantic()->name();
  const std::size_t mark = name.find(" (=");
  std::string written = mark == std::string::npos ? "" : name.substr(mark + 3, name.size() - mark - 4);
  // Boost writes 0.1 as 0.10000000000000001; the value itself has a shorter text, unless the author chose words.
  const bool is_words = !written.empty() && written.find_first_not_of("0123456789.e+-") != std::string::npos;
  boost::any value;
  if (is_words || !option.semantic()->apply_default(value)) return written;
  return value_text(value, written);
}

std::string wrapped(const std::string& text, std::size_t indent, std::size_t width) {
  std::string result;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::size_t column = indent;
    std::istringstream words(line);
    std::string out;
    for (std::string word; words >> word;) {
      if (!out.empty() && column + 1 + word.size() > width) {
        out += "\n" + std::string(indent, ' ');
        column = indent;
      } else if (!out.empty()) {
        out += ' ';
        ++column;
      }
      out += word;
      column += word.size();
    }
    result += (result.empty() ? "" : "\n" + std::string(indent, ' ')) + out;
  }
  return result;
}

std::string help_table(const std::string& title, const po::options_description& options) {
  std::string table = title + ":\n";
  for (const auto& option : options.options()) {
    std::string left = "  --" + option->long_name();
    if (const std::string value = value_name(*option); !value.empty()) left += " " + value;
    const bool is_switch = option->semantic()->max_tokens() == 0;
    const std::string fallback = is_switch ? "" : default_text(*option);
    std::string meaning = option->description();
    if (!fallback.empty()) meaning += fmt::format(" (default: {})", fallback);
    if (option->semantic()->is_required()) meaning += " (required)";
    const std::string gap = left.size() + 2 > meaning_column ? "\n" + std::string(meaning_column, ' ')
                                                             : std::string(meaning_column - left.size(), ' ');
    table += left + gap + wrapped(meaning, meaning_column, help_width) + "\n";
  }
  return table;
}

}  // namespace rankwise
