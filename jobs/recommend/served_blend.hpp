#pragma once
// Lists by several models: each gives scores of all of the dataset's items for some users at a time.

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "distributed/blending/blended_lists.hpp"
#include "distributed/blending/score_rows.hpp"
#include "distributed/comm/communicator.hpp"
#include "distributed/ranking/catalogue.hpp"
#include "distributed/rows/partition.hpp"
#include "distributed/rows/sparse_rows.hpp"
#include "io/dataset/dataset.hpp"
#include "io/model/item_model.hpp"
#include "io/model/model.hpp"
#include "jobs/evaluate/models/matched_model.hpp"
#include "jobs/lists/wanted_ids.hpp"
#include "jobs/recommend/lists.hpp"
#include "jobs/recommend/served_users.hpp"
#include "jobs/recommend/whom/audience.hpp"
#include "kernels/ranking/score_normalizer.hpp"

namespace rankwise {

/// Some users of this rank, all that the dataset has of them: those of `rows` from `first` on.
struct UsersAtATime {
  Index first = 0;
  const Partition& rows;
  const SparseRows& histories;  ///< in the dataset's items; outlives the scores
};

/// A model's part of a blend for some users of this rank.
struct ServedPart {
  BlendedModel model;
  std::vector<UserBasis> basis;  ///< of each user: what the model knows them by
};

/// A model of a blend over the items of the dataset.
class ServedModel {
 public:
  virtual ~ServedModel() = default;
  /// Which of the dataset's items it was trained on.
  [[nodiscard]] virtual const Catalogue& catalogue() const = 0;
  /// The model's part for these users. Collective.
  [[nodiscard]] virtual ServedPart part(const UsersAtATime& users) const = 0;
  /// Users that are folded in.
  [[nodiscard]] virtual Index new_users() const { return 0; }
};

/// A model of factors, of the dataset or, `matched`, of another one. `in_model`: its catalogue in its own items.
/// What is passed by reference outlives it. Collective over comm.
[[nodiscard]] std::unique_ptr<ServedModel> serve_factors(const Communicator& comm, const std::string& path,
                                                         const UserHistories& users, const std::string& data_path,
                                                         std::unique_ptr<const ModelReader> model, Catalogue in_model,
                                                         std::optional<MatchedItems> matched);
/// An item model, of the dataset or, `matched`, of another one. Collective over comm.
[[nodiscard]] std::unique_ptr<ServedModel> serve_items(const Communicator& comm, const std::string& path,
                                                       std::unique_ptr<const ItemModelReader> model,
                                                       const std::optional<MatchedItems>& matched);

/// Several models, ready for lists of the users of a dataset.
struct ServedBlend {
  const UserHistories& users;
  const std::vector<std::unique_ptr<ServedModel>>& models;
  std::vector<double> shares;
  ScoreNormalization normalization = ScoreNormalization::standard;
};

/// See the other lists_for(). Users for whom no model orders the items get the popular ones; lists are of features if
/// no model knows an interaction of the user.
[[nodiscard]] Lists lists_for(const Communicator& comm, const ListInputs& inputs, const ServedBlend& blend, Index first,
                              const Partition& rows, Audience& audience);

/// What lists of these models can have. Collective over comm.
[[nodiscard]] Catalogue joint_catalogue(const Communicator& comm,
                                        const std::vector<std::unique_ptr<ServedModel>>& models);

}  // namespace rankwise
