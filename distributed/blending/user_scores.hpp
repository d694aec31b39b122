#pragma once
// Normalized scores of every item that a user's list may hold, by several models.

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/ranking/catalogue.hpp"
#include "distributed/rows/sparse_rows.hpp"
#include "kernels/base/matrix.hpp"
#include "kernels/base/types.hpp"
#include "kernels/ranking/score_normalizer.hpp"

namespace rankwise {

/// Writes the model's scores of these users (local rows) of all of its items; zeros for users of whom the model knows
/// nothing. Called as often on every rank; may be collective.
using FillScores = std::function<void(std::span<const Index> users, MatrixView scores)>;

/// A model among several, over the items of one dataset. What it refers to outlives it.
struct BlendedModel {
  std::string path;                ///< for errors
  const Catalogue& catalogue;      ///< which of the dataset's items it was trained on: the others score 0
  std::span<const Index> columns;  ///< of each of the dataset's items, its column of scores; empty: its own number
  Index width = 0;                 ///< columns of scores
  FillScores fill;
};

/// What lists of several models can have: items that any of them was trained on. Of each item the entries, and the
/// users, are the most that any model has; all are of the same items. Collective over comm.
[[nodiscard]] Catalogue joint_catalogue(const Communicator& comm, std::span<const Catalogue* const> catalogues);

/// Which users are scored.
struct ScoredUsers {
  const SparseRows& seen;                      ///< what the rule for seen items looks at
  std::span<const Index> rows;                 ///< local, in `seen`
  std::function<std::string(Index row)> name;  ///< for errors: "user row 7"
};

/// What models say of one user.
struct UserScores {
  std::span<const Index> items;                     ///< that the list may hold, ascending
  std::span<const std::vector<double>> normalized;  ///< of each model, for each of `items`
  std::span<const char> orders;                     ///< of each model, whether its scores differ
};

/// Takes one user after the other; `place`: among ScoredUsers::rows.
using TakeUser = std::function<void(Index place, const UserScores& scores)>;
/// Makes one for a thread.
using TakeUserMaker = std::function<TakeUser()>;

/// Every user once, in no order, by all threads. `rule`: over the items of any of the models. Score rows of all models
/// take some `score_bytes` (0: 128 MiB), whatever the catalogue and the number of users. The same bits for any
/// partition of the users. Throws AgreedError(bad_data) that names the model, the user and the item of a score that is
/// not finite. Collective over comm.
void for_each_user_scores(const Communicator& comm, std::span<const BlendedModel> models, ScoreNormalization kind,
                          const ListRule& rule, const ScoredUsers& users, const TakeUserMaker& make_take,
                          Index score_bytes = 0);

}  // namespace rankwise
