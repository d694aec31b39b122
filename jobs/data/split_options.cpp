#include "jobs/data/split_options.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <functional>
#include <optional>
#include <utility>

#include "distributed/log/fold.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/time_units.hpp"
#include "kernels/text/number_text.hpp"

namespace rankwise {

namespace {

constexpr std::array<std::pair<std::string_view, SplitKind>, 5> drawn_splits{{{"random", SplitKind::random},
                                                                              {"leave-last", SplitKind::leave_last},
                                                                              {"temporal", SplitKind::temporal},
                                                                              {"users", SplitKind::users},
                                                                              {"items", SplitKind::items}}};

/// A word and what follows its colon, if there is one.
std::pair<std::string_view, std::string_view> word_and_rest(std::string_view text) {
  const auto colon = text.find(':');
  return {text.substr(0, colon), colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1)};
}

std::vector<std::string> listed(std::string_view text) {
  std::vector<std::string> all;
  for (auto comma = text.find(','); comma != std::string_view::npos; comma = text.find(',')) {
    all.emplace_back(text.substr(0, comma));
    text.remove_prefix(comma + 1);
  }
  all.emplace_back(text);
  return all;
}

template <class Value>
bool ascends(const std::vector<Value>& values) {
  return std::ranges::adjacent_find(values, std::greater_equal()) == values.end();
}

Error folds_fault(std::string_view text, std::string_view expected) {
  return Error(ExitCode::usage, fmt::format("--folds '{}': expected {}", text, expected));
}

/// At most most_folds folds have so many bounds between them.
constexpr std::size_t most_bounds = static_cast<std::size_t>(most_folds) - 1;

std::vector<double> bounds_of(std::string_view text, std::string_view amounts) {
  std::vector<double> bounds;
  for (const std::string& amount : listed(amounts)) {
    const std::optional<double> bound = finite_number(amount);
    if (!bound) throw folds_fault(text, "numbers between the bands of values, as in bands:10,50");
    bounds.push_back(*bound);
  }
  if (!ascends(bounds)) throw folds_fault(text, "bounds that ascend, each once");
  if (bounds.size() > most_bounds) throw folds_fault(text, fmt::format("at most {} folds", most_folds));
  return bounds;
}

}  // namespace

Split parse_split(std::string_view option, std::string_view text) {
  if (text == "none") return {};
  if (text == "column") return {.kind = SplitKind::column};
  const auto [word, amount] = word_and_rest(text);
  const auto* const found = std::ranges::find(drawn_splits, word, &std::pair<std::string_view, SplitKind>::first);
  if (found == drawn_splits.end()) {
    throw Error(ExitCode::usage,
                fmt::format("{} '{}' is unknown; expected none, random:FRACTION, leave-last:N, temporal:FRACTION, "
                            "users:FRACTION, items:FRACTION or column",
                            option, text));
  }
  if (found->second == SplitKind::leave_last) {
    const std::optional<Index> count = whole_number<Index>(amount);
    if (!count || *count < 1) {
      throw Error(ExitCode::usage,
                  fmt::format("{} '{}': expected a count of at least 1, as in leave-last:1", option, text));
    }
    return {.kind = found->second, .count = *count};
  }
  const std::optional<double> fraction = finite_number(amount);
  if (!fraction || !(*fraction > 0 && *fraction < 1)) {
    throw Error(ExitCode::usage,
                fmt::format("{} '{}': expected a fraction above 0 and below 1, as in {}:0.1", option, text, word));
  }
  return {.kind = found->second, .fraction = *fraction};
}

FoldsOption parse_folds(std::string_view text) {
  const auto [word, rest] = word_and_rest(text);
  const std::optional<FoldOrigin> origin = origin_of(word);
  FoldsOption folds{.text = std::string(text), .rule = {}, .cuts = {}};
  if (!origin || (*origin == FoldOrigin::column && text != word)) {
    throw folds_fault(text, "interactions:K, users:K, times:TIME,..., bands:BOUND,... or column");
  }
  folds.rule.origin = *origin;
  switch (*origin) {
    case FoldOrigin::column:
      break;
    case FoldOrigin::interactions:
    case FoldOrigin::users: {
      const std::optional<Index> count = whole_number<Index>(rest, 2, most_folds);
      if (!count) throw folds_fault(text, fmt::format("a number of folds from 2 to {}, as in {}:5", most_folds, word));
      folds.rule.count = *count;
      break;
    }
    case FoldOrigin::times:
      folds.cuts = listed(rest);
      if (folds.cuts.size() > most_bounds) throw folds_fault(text, fmt::format("at most {} folds", most_folds));
      break;
    case FoldOrigin::bands:
      folds.rule.bounds = bounds_of(text, rest);
      break;
  }
  return folds;
}

void set_cuts(FoldsOption& folds, const std::vector<std::int64_t>& cuts_microseconds) {
  folds.rule.cuts_seconds.clear();
  for (const std::int64_t cut : cuts_microseconds) {
    if (cut % microseconds_per_second != 0) throw folds_fault(folds.text, "times of whole seconds");
    folds.rule.cuts_seconds.push_back(seconds_of(cut));
  }
  if (!ascends(folds.rule.cuts_seconds)) throw folds_fault(folds.text, "times that ascend, each once");
}

}  // namespace rankwise
