#include "io/fold.hpp"

#include <charconv>
#include <fmt/format.h>
#include <sstream>

#include "distributed/holdout.hpp"
#include "kernels/philox.hpp"

namespace rankwise {

namespace {

constexpr Index most_folds = 10'000;

std::optional<Index> take_number(std::string_view& text, std::string_view before) {
  if (!text.starts_with(before)) return std::nullopt;
  text.remove_prefix(before.size());
  Index number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 1 || number > most_folds) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

/// Repeats divide by other seeds.
std::uint64_t division_seed(const Fold& fold) {
  return fold.seed + static_cast<std::uint64_t>(fold.repeat) * 0xD1B54A32D192ED03ULL;
}

Index fold_of_draw(const Fold& fold, double uniform) {
  return static_cast<Index>(uniform * static_cast<double>(fold.count));
}

bool holds_pair(const Fold& fold, Index user, Index item) {
  return fold_of_draw(fold, pair_draw(division_seed(fold), RandomPurpose::fold_pairs, user, item)) == fold.number;
}

}  // namespace

std::optional<Fold> parse_fold(std::string_view text) {
  Fold fold;
  if (text.starts_with("interactions:")) {
    fold.kind = FoldKind::interactions;
  } else if (text.starts_with("users:")) {
    fold.kind = FoldKind::users;
  } else {
    return std::nullopt;
  }
  text.remove_prefix(text.find(':'));
  const auto number = take_number(text, ":");
  const auto count = take_number(text, "/");
  if (!number || !count || *count < 2 || *number > *count) return std::nullopt;
  fold.number = *number - 1;
  fold.count = *count;
  if (!text.empty()) {
    const auto repeat = take_number(text, "@");
    if (!repeat || !text.empty()) return std::nullopt;
    fold.repeat = *repeat - 1;
  }
  return fold;
}

std::optional<Fold> seeded(std::optional<Fold> fold, std::uint64_t seed) {
  if (fold) fold->seed = seed;
  return fold;
}

std::string fold_text(const Fold& fold) {
  std::string text =
      fmt::format("{}:{}/{}", fold.kind == FoldKind::users ? "users" : "interactions", fold.number + 1, fold.count);
  if (fold.repeat > 0) text += fmt::format("@{}", fold.repeat + 1);
  return text;
}

std::optional<Fold> trained_fold(const Provenance& model) {
  constexpr std::string_view setting = "fold = ";
  std::istringstream lines(model.configuration);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(setting)) continue;
    return seeded(parse_fold(std::string_view(line).substr(setting.size())), model.seed);
  }
  return std::nullopt;
}

bool validates_user(const Fold& fold, Index user) {
  return fold_of_draw(fold, RandomStream(division_seed(fold), RandomPurpose::fold_users).uniform(user, 0)) ==
         fold.number;
}

bool is_trained(const Fold& fold, Index user, Index item) {
  return fold.kind == FoldKind::users ? !validates_user(fold, user) : !holds_pair(fold, user, item);
}

double given_draw(const Fold& fold, Index user, Index item) {
  return pair_draw(division_seed(fold), RandomPurpose::fold_given, user, item);
}

}  // namespace rankwise
