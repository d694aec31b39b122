#include "io/dataset/merge_rules.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <string>
#include <utility>

#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

template <class Value, std::size_t size>
using Names = std::array<std::pair<std::string_view, Value>, size>;

constexpr Names<DuplicatePolicy, 5> policies{{{"sum", DuplicatePolicy::sum},
                                              {"last", DuplicatePolicy::last},
                                              {"max", DuplicatePolicy::max},
                                              {"mean", DuplicatePolicy::mean},
                                              {"error", DuplicatePolicy::error}}};
constexpr Names<Repeats, 2> repeats_rules{{{"drop", Repeats::drop}, {"keep", Repeats::keep}}};

template <class Value, std::size_t size>
std::string_view name_of(const Names<Value, size>& names, Value value) {
  const auto found = std::ranges::find(names, value, &std::pair<std::string_view, Value>::second);
  return found == names.end() ? std::string_view() : found->first;
}

template <class Value, std::size_t size>
std::optional<Value> value_of(const Names<Value, size>& names, std::string_view name) {
  const auto found = std::ranges::find(names, name, &std::pair<std::string_view, Value>::first);
  if (found == names.end()) return std::nullopt;
  return found->second;
}

template <class Value, std::size_t size>
Value read_word(const Hdf5Reader& file, const char* attribute, const Names<Value, size>& names) {
  if (const auto value = value_of(names, file.read_text("/", attribute))) return *value;
  std::string words;
  for (const auto& [name, value] : names) words += fmt::format("{}{}", words.empty() ? "" : ", ", name);
  throw Error(ExitCode::bad_data,
              fmt::format("{}: its attribute {} is unknown, expected one of {}", file.path(), attribute, words));
}

}  // namespace

std::string_view duplicates_name(DuplicatePolicy policy) {
  return name_of(policies, policy);
}

std::string_view repeats_name(Repeats repeats) {
  return name_of(repeats_rules, repeats);
}

std::optional<DuplicatePolicy> duplicates_of(std::string_view name) {
  return value_of(policies, name);
}

std::optional<Repeats> repeats_of(std::string_view name) {
  return value_of(repeats_rules, name);
}

void write_merge_rules(Hdf5Writer& file, const MergeRules& rules) {
  file.write_attribute("/", "duplicates", duplicates_name(rules.duplicates));
  file.write_attribute("/", "repeats", repeats_name(rules.repeats));
  if (rules.min_total) file.write_attribute("/", "min-total", *rules.min_total);
}

MergeRules read_merge_rules(const Hdf5Reader& file) {
  MergeRules rules;
  rules.duplicates = read_word(file, "duplicates", policies);
  rules.repeats = read_word(file, "repeats", repeats_rules);
  if (file.has_attribute("/", "min-total")) {
    rules.min_total = file.read_number("/", "min-total");
    if (!std::isfinite(*rules.min_total)) {
      throw Error(ExitCode::bad_data, fmt::format("{}: its attribute min-total is not finite", file.path()));
    }
  }
  return rules;
}

}  // namespace rankwise
