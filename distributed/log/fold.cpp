#include "distributed/log/fold.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "kernels/base/error.hpp"
#include "kernels/base/philox.hpp"
#include "kernels/text/number_text.hpp"

namespace rankwise {

namespace {

struct KindName {
  FoldKind kind;
  std::string_view name;
};
constexpr std::array<KindName, 6> kind_names{{{FoldKind::interactions, "interactions"},
                                              {FoldKind::users, "users"},
                                              {FoldKind::temporal, "temporal"},
                                              {FoldKind::column, "column"},
                                              {FoldKind::rolling, "rolling"},
                                              {FoldKind::prepared, "prepared"}}};

struct OriginName {
  FoldOrigin origin;
  std::string_view name;
};
constexpr std::array<OriginName, 5> origin_names{{{FoldOrigin::column, "column"},
                                                  {FoldOrigin::interactions, "interactions"},
                                                  {FoldOrigin::users, "users"},
                                                  {FoldOrigin::times, "times"},
                                                  {FoldOrigin::bands, "bands"}}};

/// Whether the dataset has the numbers of such folds.
bool has_stored_numbers(FoldKind kind) {
  return kind == FoldKind::column || kind == FoldKind::rolling;
}

std::optional<Index> take_number(std::string_view& text, std::string_view before, Index least, Index most) {
  if (!text.starts_with(before)) return std::nullopt;
  text.remove_prefix(before.size());
  const std::optional<Index> number = take_whole_number<Index>(text);
  return number && *number >= least && *number <= most ? number : std::nullopt;
}

/// Repeats divide by other seeds.
std::uint64_t division_seed(const Fold& fold) {
  return fold.seed + static_cast<std::uint64_t>(fold.repeat) * 0xD1B54A32D192ED03ULL;
}

Index fold_of_draw(const Fold& fold, double uniform) {
  return static_cast<Index>(uniform * static_cast<double>(fold.count));
}

double draw_of(const Fold& fold, RandomPurpose purpose, Index user, Index item) {
  return pair_draw(division_seed(fold), purpose, static_cast<std::uint64_t>(user), static_cast<std::uint64_t>(item));
}

bool holds_pair(const Fold& fold, Index user, Index item) {
  return fold_of_draw(fold, draw_of(fold, RandomPurpose::fold_pairs, user, item)) == fold.number;
}

}  // namespace

std::string_view origin_name(FoldOrigin origin) {
  return std::ranges::find(origin_names, origin, &OriginName::origin)->name;
}

std::optional<FoldOrigin> origin_of(std::string_view name) {
  const auto found = std::ranges::find(origin_names, name, &OriginName::name);
  return found == origin_names.end() ? std::nullopt : std::optional(found->origin);
}

Index least_folds(FoldKind kind) {
  return kind == FoldKind::temporal ? 1 : 2;
}

std::optional<Fold> parse_fold(std::string_view text) {
  const auto kind = std::ranges::find(kind_names, text.substr(0, text.find(':')), &KindName::name);
  if (kind == kind_names.end()) return std::nullopt;
  Fold fold{.kind = kind->kind};
  text.remove_prefix(kind->name.size());
  if (has_stored_numbers(fold.kind)) {
    const auto number = take_number(text, ":", 0, most_folds - 1);
    if (!number || !text.empty()) return std::nullopt;
    fold.number = *number;
    fold.count = 0;
    return fold;
  }
  if (fold.kind == FoldKind::prepared) {
    fold.count = 1;
    return text.empty() ? std::optional(fold) : std::nullopt;
  }
  const auto number = take_number(text, ":", 1, most_folds);
  const auto count = take_number(text, "/", least_folds(fold.kind), most_folds);
  if (!number || !count || *number > *count) return std::nullopt;
  fold.number = *number - 1;
  fold.count = *count;
  if (!text.empty()) {
    const auto repeat = take_number(text, "@", 1, most_folds);
    if (!repeat || !text.empty() || fold.kind == FoldKind::temporal) return std::nullopt;
    fold.repeat = *repeat - 1;
  }
  return fold;
}

std::optional<Fold> seeded(std::optional<Fold> fold, std::uint64_t seed) {
  if (fold) fold->seed = seed;
  return fold;
}

std::string fold_text(const Fold& fold) {
  const std::string_view kind = std::ranges::find(kind_names, fold.kind, &KindName::kind)->name;
  if (fold.kind == FoldKind::prepared) return std::string(kind);
  if (has_stored_numbers(fold.kind)) return fmt::format("{}:{}", kind, fold.number);
  std::string text = fmt::format("{}:{}/{}", kind, fold.number + 1, fold.count);
  if (fold.repeat > 0) text += fmt::format("@{}", fold.repeat + 1);
  return text;
}

bool validates_user(const Fold& fold, Index user) {
  return fold_of_draw(fold, RandomStream(division_seed(fold), RandomPurpose::fold_users).uniform(user, 0)) ==
         fold.number;
}

bool is_trained(const Fold& fold, Index user, Index item) {
  return fold.kind == FoldKind::users ? !validates_user(fold, user) : !holds_pair(fold, user, item);
}

double given_draw(const Fold& fold, Index user, Index item) {
  return draw_of(fold, RandomPurpose::fold_given, user, item);
}

}  // namespace rankwise
