#pragma once
// The users of a dataset as `recommend` serves them: what is known of each, and the factors by which items are ranked.

#include <optional>
#include <string>
#include <vector>

#include "distributed/als/half_sweep.hpp"
#include "distributed/features/feature_rows.hpp"
#include "distributed/ranking/catalogue.hpp"
#include "io/dataset/dataset.hpp"
#include "io/model/model.hpp"
#include "jobs/evaluate/models/matched_model.hpp"
#include "jobs/recommend/whom/user_histories.hpp"

namespace rankwise {

/// What a user's factors are from.
enum class UserBasis { entries, features, nothing };

/// Some users of this rank. All parts have the same rows.
struct UserRows {
  Ids ids;
  SparseRows histories;          ///< all that dataset and log have of them, in the model's items
  Matrix factors;                ///< of the model, or folded in; a bias as the last column if the objective has biases
  std::vector<UserBasis> basis;  ///< of nothing, factors mean nothing
};

/// Users of the model in its order, then those held out whole if it was not trained on them: these are folded in from
/// all that the dataset has of them; and so is everybody of whom a log has interactions, from both. If the model was
/// trained on another dataset, all users are folded in, and items are the model's.
class ServedUsers {
 public:
  /// What is passed by reference outlives this. `matched`: the dataset's items in the model, if that was trained on
  /// another dataset. Collective over comm.
  ServedUsers(const Communicator& comm, const UserHistories& histories, const ModelReader& model,
              const Catalogue& catalogue, const std::optional<MatchedItems>& matched, const std::string& data_path);

  [[nodiscard]] Index count() const { return histories_.users(); }
  /// The first users, whose factors are the model's unless a log has more of them.
  [[nodiscard]] Index trained_users() const { return trained_users_; }
  /// Users of the dataset that are folded in without a log.
  [[nodiscard]] Index new_users() const { return histories_.dataset().users() - trained_users_; }
  [[nodiscard]] const UserHistories& histories() const { return histories_; }
  /// Rows of the dataset with the model's items as columns, without items that the model does not know.
  [[nodiscard]] SparseRows in_model_items(SparseRows rows) const;
  /// Features of this rank's part of the users from `first` on that `rows` parts; nothing if the model has none of
  /// users, or is of another dataset. Users whom the dataset does not have have no value. Collective.
  [[nodiscard]] std::optional<FeatureRows> features(Index first, const Partition& rows) const;
  /// This rank's part of the users from `first` on that `rows` parts. The same bits for any parts. Collective.
  [[nodiscard]] UserRows read(Index first, const Partition& rows) const;

 private:
  void fold_in_new(UserRows& users, Index first, const Partition& rows, RowRange mine, RowRange old) const;

  const Communicator& comm_;
  const UserHistories& histories_;
  const ModelReader& model_;
  const Catalogue& catalogue_;
  const std::optional<MatchedItems>& matched_;
  const std::string& data_path_;
  Index trained_users_ = 0;
  std::optional<AlsFactors> items_;  ///< if there are new users
};

}  // namespace rankwise
