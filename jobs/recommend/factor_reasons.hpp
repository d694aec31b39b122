#pragma once
// Why a model of factors lists an item: the exact solve of the user's row, taken apart.

#include <optional>
#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/features/feature_rows.hpp"
#include "distributed/ranking/explanation.hpp"
#include "distributed/rows/sparse_rows.hpp"
#include "io/dataset/dataset.hpp"
#include "io/model/model.hpp"
#include "jobs/recommend/whom/user_histories.hpp"
#include "kernels/base/matrix.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// What speaks for the items of some users' lists.
struct Speaking {
  SparseRows entries;                        ///< in the model's items
  std::optional<FeatureRows> features = {};  ///< of the same users, if the model has features of users
};

/// Reasons of a list's entries, and how far their terms are off its scores.
struct ListReasons {
  std::vector<std::vector<Reason>> entries;
  double largest_gap = 0;  ///< of any entry: |all terms, the mean and biases - the score|
};

/// Takes scores apart. Each rank holds the factors of all items. A user of the model was solved against the item
/// factors before their last update, or not to the end, so terms and score differ a little: how far is said. Terms of
/// users that are folded in sum to their scores, but for rounding.
class FactorReasons {
 public:
  /// `learned`: the view of the dataset that the model was trained on; `trained_users`: the first users of `users`,
  /// whose factors are the model's unless a log has more of them. `most` reasons of an entry. What it refers to
  /// outlives this. Collective over comm.
  FactorReasons(const Communicator& comm, const ModelReader& model, const DatasetReader& learned,
                const UserHistories& users, Index trained_users, Index most);

  /// The entries by which these users' factors are explained: of the model's own users what it learned, of others
  /// `histories`, all in the model's items. Collective.
  [[nodiscard]] SparseRows entries(RowRange users, const SparseRows& histories) const;

  /// Of a list of `row`, whose scores are without boosts. A feature of the user is ~feature among the items. Local, by
  /// one thread; throws Error(bad_data).
  [[nodiscard]] ListReasons of(const Speaking& speaking, Index row, std::span<const Index> items,
                               std::span<const float> scores) const;

 private:
  /// What each feature of the row predicts: a row of factors. None without features.
  [[nodiscard]] Matrix predictions(const Speaking& speaking, Index row) const;

  const ModelReader& model_;
  const DatasetReader& learned_;
  const UserHistories& users_;
  Index trained_users_;
  Index most_;
  Matrix items_;
  Matrix gramian_;
};

}  // namespace rankwise
