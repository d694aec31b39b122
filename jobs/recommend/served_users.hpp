#pragma once
// The users of a dataset as `recommend` serves them: what is known of each, and the factors by which items are ranked.

#include <optional>
#include <vector>

#include "distributed/als/half_sweep.hpp"
#include "distributed/ranking/catalogue.hpp"
#include "io/dataset/dataset.hpp"
#include "io/model/model.hpp"

namespace rankwise {

/// Some users of this rank. All parts have the same rows.
struct UserRows {
  Ids ids;
  SparseRows histories;        ///< all that the dataset has of them
  Matrix factors;              ///< of the model, or folded in; a bias as the last column if the objective has biases
  std::vector<bool> is_known;  ///< whether a training entry stands behind the factors
};

/// Users of the model in its order, then those held out whole if it was not trained on them: these are folded in from
/// all that the dataset has of them.
class ServedUsers {
 public:
  /// `dataset` is read with TrainedOn::all, and outlives this, as the others do. Collective over comm.
  ServedUsers(const Communicator& comm, const DatasetReader& dataset, const ModelReader& model,
              const Catalogue& catalogue);

  [[nodiscard]] Index count() const { return dataset_.users(); }
  /// Users that are folded in.
  [[nodiscard]] Index new_users() const { return dataset_.users() - model_.users(); }
  /// This rank's part of the users from `first` on that `rows` parts. The same bits for any parts. Collective.
  [[nodiscard]] UserRows read(Index first, const Partition& rows) const;

 private:
  const Communicator& comm_;
  const DatasetReader& dataset_;
  const ModelReader& model_;
  const Catalogue& catalogue_;
  std::optional<AlsFactors> items_;  ///< if there are new users
};

}  // namespace rankwise
