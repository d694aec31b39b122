#pragma once
// Options that take one of a few words, and numbers with bounds; --compression among them.

#include <boost/program_options.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernels/base/error.hpp"

namespace rankwise {

/// A notifier that stores the value which `words` gives for the option's text, or throws Error(usage) that lists them.
template <class Value>
[[nodiscard]] std::function<void(const std::string&)> one_of(std::string option, Value& target,
                                                             std::vector<std::pair<std::string_view, Value>> words) {
  return [option = std::move(option), &target, words = std::move(words)](const std::string& text) {
    std::vector<std::string_view> known;
    for (const auto& [word, value] : words) {
      if (text == word) {
        target = value;
        return;
      }
      known.push_back(word);
    }
    throw Error(ExitCode::usage, fmt::format("--{} {}: expected one of {}", option, text, fmt::join(known, ", ")));
  };
}

/// A notifier that throws Error(usage) when the number is not in [lowest, highest] (a NaN never is).
template <class Number>
[[nodiscard]] std::function<void(Number)> within(std::string option, Number lowest, Number highest) {
  return [option = std::move(option), lowest, highest](Number value) {
    if (!(value >= lowest && value <= highest)) {
      throw Error(ExitCode::usage,
                  fmt::format("--{} {}: expected a number from {} to {}", option, value, lowest, highest));
    }
  };
}

/// Adds --compression; `level` outlives the description.
inline void describe_compression(boost::program_options::options_description& description, int& level) {
  namespace po = boost::program_options;
  description.add_options()(
      "compression", po::value(&level)->value_name("0-9")->default_value(0)->notifier(within<int>("compression", 0, 9)),
      "deflate rows in HDF5 files that are written, from 1 (fast) to 9 (small), after shuffling their bytes; the run "
      "waits for it, and has the packed rows of "
      "one dataset in memory. 0: leave rows as they are");
}

}  // namespace rankwise
