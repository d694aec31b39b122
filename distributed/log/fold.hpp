#pragma once
// Cross-validation folds of a dataset's training part. Which part an interaction falls into is a function of the fold,
// the user and the item, or of what the file holds of the interaction, hence the same from both sides of the matrix and
// on any number of ranks.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kernels/base/types.hpp"

namespace rankwise {

/// interactions: each falls into one of the folds; users: all of a user's do, and in the user's own fold some of them
/// are given for fold-in, the others to be predicted; temporal: what was before a cut of the time line is trained on,
/// and what follows up to the next cut is validated; column: the dataset holds which fold an interaction falls into;
/// rolling: of these, what is in folds of lower numbers is trained on, and the fold is validated;
/// prepared: the whole training part is trained on, and the dataset's own validation part is validated.
enum class FoldKind { interactions, users, temporal, column, rolling, prepared };

/// One of `count` folds: what falls into it is validated, all else trained on (temporal, rolling: all that is earlier).
/// Repeats are independent divisions.
struct Fold {
  FoldKind kind = FoldKind::interactions;
  Index number = 0;        ///< from 0; column, rolling: that of the dataset
  Index count = 2;         ///< column, rolling: 0, for the dataset knows; prepared: 1
  Index repeat = 0;        ///< from 0
  std::uint64_t seed = 0;  ///< of the division
  friend bool operator==(const Fold&, const Fold&) = default;
};

/// What the folds that a dataset holds divide. column: the log says; interactions, users: draws by ids, of users all of
/// a user's interactions; times: the time line; bands: the range of values.
enum class FoldOrigin { column, interactions, users, times, bands };

/// The word for it that options and files have: "interactions", ...; nothing if `name` is none of these words.
[[nodiscard]] std::string_view origin_name(FoldOrigin origin);
[[nodiscard]] std::optional<FoldOrigin> origin_of(std::string_view name);

/// Of one dataset, and numbers of a log's folds are below it.
inline constexpr Index most_folds = 10'000;

/// Without folds that train there would be none that validate; one cut of the time line makes one fold.
[[nodiscard]] Index least_folds(FoldKind kind);

/// "interactions:2/5", the second of five, "users:1/10@3", the first of ten in the third division, "temporal:1/4",
/// "column:7", "rolling:7" or "prepared"; nothing where `text` is anything else. The seed remains 0.
[[nodiscard]] std::optional<Fold> parse_fold(std::string_view text);
[[nodiscard]] std::optional<Fold> seeded(std::optional<Fold> fold, std::uint64_t seed);
[[nodiscard]] std::string fold_text(const Fold& fold);

/// Whether the training of this fold of interactions or users sees the interaction.
[[nodiscard]] bool is_trained(const Fold& fold, Index user, Index item);

/// Whether this fold of users validates the user; and the draw by which it is decided what of such a user is given.
[[nodiscard]] bool validates_user(const Fold& fold, Index user);
[[nodiscard]] double given_draw(const Fold& fold, Index user, Index item);

}  // namespace rankwise
