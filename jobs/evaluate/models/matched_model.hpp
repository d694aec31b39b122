#pragma once
// A model over the users and items of a dataset: its own, or another one with which it shares ids.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "distributed/als/factor_matrix.hpp"
#include "distributed/als/half_sweep.hpp"
#include "distributed/comm/communicator.hpp"
#include "distributed/evaluation/factor_evaluation.hpp"
#include "distributed/ranking/catalogue.hpp"
#include "io/dataset/dataset.hpp"
#include "io/model/item_model.hpp"
#include "io/model/model.hpp"
#include "jobs/run/report.hpp"
#include "kernels/als/objective.hpp"
#include "kernels/base/matrix.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// All of the model's item rows, each rank with its part by count, with the Gramian that the training had. Collective
/// over comm.
[[nodiscard]] AlsFactors read_fixed_items(const Communicator& comm, const ModelReader& model);

/// Whether the model was trained on this dataset, so that its rows are the dataset's. The same on every rank.
[[nodiscard]] bool is_own_dataset(const DatasetReader& dataset, const TrainingRecord& model);

/// A line: how the dataset differs from the one of the model's training, as far as the model knows.
void tell_difference(Report& report, const DatasetReader& dataset, const std::string& data_path,
                     const TrainingRecord& model, const std::string& model_path);

/// The items of a dataset in a model of another one. A model knows an item if it was trained on an entry of it.
struct MatchedItems {
  std::vector<Index> model_rows;  ///< of each item of the dataset, on every rank; -1: the model does not know it
  Catalogue catalogue;            ///< of the model's training, in the dataset's rows; users are the model's
  Index known = 0;                ///< items of the dataset that the model knows
  Index elsewhere = 0;            ///< items that the model knows and the dataset does not have: no list has them
};

/// Matches by ids, as texts if one side has integers. Ids meet on the ranks that their hashes name; a rank then holds
/// three numbers an item. Throws AgreedError(bad_data) if the model knows none of the items. Collective over comm.
[[nodiscard]] MatchedItems match_items(const Communicator& comm, const DatasetReader& dataset,
                                       const std::string& data_path, const ModelReader& model,
                                       const std::string& model_path);
[[nodiscard]] MatchedItems match_items(const Communicator& comm, const DatasetReader& dataset,
                                       const std::string& data_path, const ItemModelReader& model,
                                       const std::string& model_path);

/// What a model of another dataset knows of what is held out; over all ranks.
struct MatchCounts {
  Index users = 0;                        ///< with held-out interactions
  std::optional<Index> known_users = {};  ///< of them, on whom the model was trained; an item model does not know
  Index folded_in = 0;        ///< of them, who have an item that the model knows; of the others nothing is known
  Index history_entries = 0;  ///< that the model may see of users with held-out interactions
  Index unknown_entries = 0;  ///< of them, of items that the model does not know: they are left out
  Index items = 0;            ///< of the dataset
  Index known_items = 0;      ///< of them, that the model knows
  Index items_elsewhere = 0;  ///< that the model knows and the dataset does not have
  Index pairs = 0;            ///< held-out interactions
  Index missed_pairs = 0;     ///< of them, of items that the model does not know: no list has them
};

/// Of items that have been matched; `known_users`: see MatchCounts. Collective over comm.
[[nodiscard]] MatchCounts count_match(const Communicator& comm, const DatasetReader& dataset, const HeldoutRows& rows,
                                      const MatchedItems& items, std::optional<Index> known_users);

/// Each count that is known with its name in files (docs/FORMATS.md).
[[nodiscard]] std::vector<std::pair<std::string_view, Index>> named_counts(const MatchCounts& counts);

/// A model over the users and items of a dataset, distributed.
struct MatchedModel {
  Objective objective;
  Matrix users;  ///< this rank's, of the model or folded in; a bias as the last column if the objective has biases
  FactorMatrix items;                 ///< of the dataset's items; zero if the model does not know an item
  Catalogue catalogue;                ///< of the model's training: which items its lists can have
  std::optional<MatchCounts> counts;  ///< of another dataset than the model's own
  /// Of each of this rank's users, whether the factors are from features in place of a history; empty: of none.
  std::vector<std::uint8_t> described_users = {};

  [[nodiscard]] EvaluatedFactors evaluated() const { return {objective, users.view(), items, described_users}; }
};

/// The model over all users with a held-out part, `rows`. On its own dataset, users have the model's factors, those
/// held out whole are folded in. On another dataset all users are folded in from what its training part has of them, or
/// what is given of them: the model's factors of a user may have learned what this dataset holds out. Fold-in has the
/// same bits in whatever order the dataset has its rows. Collective over comm; throws AgreedError(bad_data) that names
/// the model: see match_items, and users who cannot be solved.
[[nodiscard]] MatchedModel match_model(const Communicator& comm, const DatasetReader& dataset,
                                       const std::string& data_path, const HeldoutRows& rows, const ModelReader& model,
                                       const std::string& model_path);

/// Says how another dataset differs and what of it the model, of factors or of items, knows: three lines and an event.
void tell_match(Report& report, const MatchCounts& counts, const DatasetReader& dataset, const std::string& data_path,
                const TrainingRecord& model, const std::string& model_path);

}  // namespace rankwise
