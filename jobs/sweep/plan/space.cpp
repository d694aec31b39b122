#include "jobs/sweep/plan/space.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "kernels/base/error.hpp"
#include "kernels/text/number_text.hpp"

namespace rankwise {

namespace {

constexpr Index most_points = 100'000;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t";
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) + 1 - begin);
}

[[noreturn]] void refuse(const std::string& name, std::string_view text, std::string_view expected) {
  throw Error(ExitCode::usage, fmt::format("option {}: '{}' does not fit; expected {}", name, text, expected));
}

std::vector<std::string> parse_list(const std::string& name, std::string_view text) {
  std::vector<std::string> values;
  for (std::string_view rest = text;;) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string value(trimmed(rest.substr(0, comma)));
    if (value.empty()) refuse(name, text, "values separated by commas");
    if (std::ranges::find(values, value) != values.end()) {
      refuse(name, text, fmt::format("different values, but {} is given twice", value));
    }
    values.push_back(value);
    if (comma == rest.size()) return values;
    rest.remove_prefix(comma + 1);
  }
}

/// "1e-4 .. 1e-1 x 8" after "log" or "linear".
NumberRange parse_range(const std::string& name, std::string_view text, bool is_logarithmic, ValueKind kind) {
  constexpr std::string_view expected = "as in log 1e-4 .. 1e-1 x 8, or linear 16 .. 128";
  NumberRange range;
  range.is_logarithmic = is_logarithmic;
  range.is_whole = kind == ValueKind::whole_number;
  std::string_view rest = text;
  if (const std::size_t times = rest.find(" x "); times != std::string_view::npos) {
    const auto points = whole_number<Index>(trimmed(rest.substr(times + 3)));
    if (!points || *points < 2 || *points > most_points) refuse(name, text, "at least 2 points after x");
    range.points = *points;
    rest = rest.substr(0, times);
  }
  const std::size_t dots = rest.find("..");
  if (dots == std::string_view::npos) refuse(name, text, expected);
  const auto lowest = finite_number(trimmed(rest.substr(0, dots)));
  const auto highest = finite_number(trimmed(rest.substr(dots + 2)));
  if (!lowest || !highest) refuse(name, text, expected);
  if (!(*lowest < *highest)) refuse(name, text, "a lower bound below the upper one");
  if (is_logarithmic && *lowest <= 0) refuse(name, text, "bounds above 0 for log");
  range.lowest = *lowest;
  range.highest = *highest;
  return range;
}

/// Six digits are more than any search resolves, and short enough to read in a table.
std::string number_text(const NumberRange& range, double share) {
  const double number =
      range.is_logarithmic
          ? std::exp(std::log(range.lowest) + share * (std::log(range.highest) - std::log(range.lowest)))
          : range.lowest + share * (range.highest - range.lowest);
  const double bounded = std::clamp(number, range.lowest, range.highest);
  if (range.is_whole) return fmt::format("{}", static_cast<Index>(std::llround(bounded)));
  return fmt::format("{:.6g}", bounded);
}

}  // namespace

Index Parameter::count() const {
  return range ? range->points : static_cast<Index>(list.values.size());
}

std::string Parameter::value_at(Index place) const {
  if (!range) return list.values[static_cast<std::size_t>(place)];
  return number_text(*range, static_cast<double>(place) / static_cast<double>(range->points - 1));
}

std::string Parameter::value_of(double uniform) const {
  if (count() == 0) return number_text(*range, uniform);
  return value_at(std::min(count() - 1, static_cast<Index>(uniform * static_cast<double>(count()))));
}

Parameter parse_parameter(const std::string& name, std::string_view text, ValueKind kind) {
  Parameter parameter;
  parameter.name = name;
  std::string_view values = trimmed(text);
  if (const std::size_t mark = values.find(" if "); mark != std::string_view::npos) {
    const std::string_view condition = trimmed(values.substr(mark + 4));
    const std::size_t equals = condition.find('=');
    if (equals == std::string_view::npos) refuse(name, text, "a condition, as in if weighting = linear");
    parameter.condition = Condition{std::string(trimmed(condition.substr(0, equals))),
                                    parse_list(name, trimmed(condition.substr(equals + 1)))};
    values = trimmed(values.substr(0, mark));
  }
  const bool is_logarithmic = values.starts_with("log ");
  if (kind != ValueKind::word && (is_logarithmic || values.starts_with("linear "))) {
    parameter.range = parse_range(name, trimmed(values.substr(values.find(' '))), is_logarithmic, kind);
  } else {
    parameter.list.values = parse_list(name, values);
  }
  return parameter;
}

std::vector<Parameter> parse_parameters(const std::string& name, std::string_view text, ValueKind kind) {
  constexpr std::string_view bar = " | ";
  std::vector<Parameter> alternatives;
  for (std::string_view rest = text;;) {
    const std::size_t end = std::min(rest.find(bar), rest.size());
    alternatives.push_back(parse_parameter(name, rest.substr(0, end), kind));
    if (end == rest.size()) break;
    rest.remove_prefix(end + bar.size());
  }
  if (alternatives.size() == 1) return alternatives;
  for (const Parameter& alternative : alternatives) {
    if (!alternative.condition)
      refuse(name, text, "a condition in each part between |, as in 10 if a = 0 | 5 if a = 1");
  }
  return alternatives;
}

Space ordered_space(std::vector<Parameter> parameters) {
  const auto named = [](const std::vector<Parameter>& among, const std::string& name) {
    return std::ranges::find(among, name, &Parameter::name);
  };
  for (const Parameter& parameter : parameters) {
    if (!parameter.condition) continue;
    const std::string& asked = parameter.condition->parameter;
    if (named(parameters, asked) == parameters.end()) {
      throw Error(ExitCode::usage,
                  fmt::format("option {}: its condition asks for {}, which has no value here", parameter.name, asked));
    }
    for (const std::string& value : parameter.condition->values) {
      const auto can_be = [&](const Parameter& other) {
        return other.name == asked &&
               (other.range || std::ranges::find(other.list.values, value) != other.list.values.end());
      };
      if (std::ranges::any_of(parameters, can_be)) continue;
      throw Error(ExitCode::usage, fmt::format("option {}: its condition asks for {} = {}, which it never is",
                                               parameter.name, asked, value));
    }
  }
  Space space;
  while (!parameters.empty()) {
    const auto next = std::ranges::find_if(parameters, [&](const Parameter& parameter) {
      return !parameter.condition || named(parameters, parameter.condition->parameter) == parameters.end();
    });
    if (next == parameters.end()) {
      throw Error(ExitCode::usage, fmt::format("option {}: its condition goes in a circle", parameters.front().name));
    }
    space.push_back(std::move(*next));
    parameters.erase(next);
  }
  return space;
}

bool has_meaning(const Parameter& parameter, const SearchPoint& before) {
  const auto& condition = parameter.condition;
  if (!condition) return true;
  const auto asked = std::ranges::find(before, condition->parameter, &Assignment::name);
  if (asked == before.end() || std::ranges::find(condition->values, asked->value) == condition->values.end())
    return false;
  if (std::ranges::find(before, parameter.name, &Assignment::name) == before.end()) return true;
  throw Error(ExitCode::usage, fmt::format("option {}: two of its parts hold if {} = {}; expected conditions of which "
                                           "one holds at a time",
                                           parameter.name, asked->name, asked->value));
}

SearchPoint point_of(const Space& space, const std::vector<std::string>& values) {
  SearchPoint point;
  for (std::size_t p = 0; p < space.size(); ++p) {
    if (has_meaning(space[p], point)) point.push_back({space[p].name, values[p]});
  }
  return point;
}

}  // namespace rankwise
