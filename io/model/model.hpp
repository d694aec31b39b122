#pragma once
// The model file: factors as dense row-major float32, ids beside them.
//
//   /users/factors (users x k)   /users/ids   /users/entries   /users/biases (where the model has them)
//   /items/factors (items x k)   /items/ids   /items/entries   /items/biases
//   /history/loss, /history/observed, /history/unobserved, /history/regularizer    float64, one value per epoch
//   /history/validation (where the training was validated)
//   /lineage (uint64, where it began with another model)
//   /lineage-datasets (uint64, beside /lineage: of the dataset of each ancestor; 0: not known)
//   /lineage-trained-on-all (uint64, if ancestors were trained on all of a dataset)
//   /user-features, /item-features (io/model/feature_file.hpp, if the training had such)
//
// Rows without entries are zero, but if the side has features and those of the row say something: then they are what
// the features predict.
//
// Attributes of the root: Provenance, `objective`, `factors`, `global-mean`, `trained-on`, `dataset-configuration`, of
// logs with times `last-training-time`, and the numbers that fold-in needs.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "distributed/als/training_progress.hpp"
#include "distributed/comm/communicator.hpp"
#include "distributed/log/content_digest.hpp"
#include "distributed/log/fold.hpp"
#include "io/dataset/dataset.hpp"
#include "io/dataset/provenance.hpp"
#include "io/hdf5/input_check.hpp"
#include "io/model/feature_file.hpp"
#include "io/model/training_record.hpp"
#include "kernels/als/objective.hpp"
#include "kernels/base/matrix.hpp"

namespace rankwise {

/// Factors that a file may claim: beyond any use, and so few that a hostile file cannot make a k x k matrix exhaust
/// memory.
inline constexpr Index most_factors = 16384;

/// One side of a model: this rank's rows. Where the objective has biases, the last column of `factors` is the bias; in
/// the file it stands apart in `biases`.
struct ModelSide {
  IdRows ids;
  Matrix factors;
  std::vector<Index> entries;  ///< of each row, that it was trained on
};

struct Model {
  Objective objective;  ///< kernels/als/objective.hpp: everything that scoring and fold-in need
  Index factors = 0;    ///< k, without the bias column
  std::vector<EpochLoss> history;
  ModelSide users;
  ModelSide items;
  std::optional<Index> best_epoch = std::nullopt;  ///< whose factors these are, from 1, where epochs were compared
  TrainedOn trained_on = TrainedOn::training;
  std::string dataset_configuration = {};            ///< Provenance::configuration of the dataset
  std::vector<std::uint64_t> lineage = {};           ///< digests of the models that it descends from, the nearest first
  std::vector<std::uint64_t> lineage_datasets = {};  ///< of each of these the digest of its dataset; 0: not known
  std::vector<std::uint64_t> lineage_trained_on_all = {};  ///< digests of the datasets that any of these has all of
  /// Since 1970: nothing that it or an ancestor has learned is later. Nothing if that is not known.
  std::optional<std::int64_t> last_training_seconds = {};
  std::optional<ModelFeatures> user_features = {};
  std::optional<ModelFeatures> item_features = {};
};

/// Collective over comm; written under a temporary name and committed; throws AgreedError (cannot_create, io_error).
void write_model(const Communicator& comm, const std::string& path, const Model& model, const Provenance& provenance,
                 int deflate_level = 0);

/// A model file opened for reading; construction and reads are collective over comm and throw AgreedError.
class ModelReader {
 public:
  ModelReader(const Communicator& comm, const std::string& path, InputCheck check = InputCheck::digests);
  ~ModelReader();
  ModelReader(ModelReader&&) noexcept;
  ModelReader& operator=(ModelReader&&) noexcept;

  /// Whether what is read is compared with digests, which files of older versions do not have.
  [[nodiscard]] bool compares() const;
  [[nodiscard]] const Objective& objective() const;
  /// All that follows of the training at once.
  [[nodiscard]] const TrainingRecord& record() const;
  [[nodiscard]] const Provenance& provenance() const;
  /// The file's metadata digest, which covers the digests of its values; 0 where it holds none.
  [[nodiscard]] std::uint64_t content_digest() const;
  /// Content digests of the models that the training descends from by warm starts, the nearest first; empty where it
  /// began at random. Of a file of an older version no more than the nearest.
  [[nodiscard]] const std::vector<std::uint64_t>& lineage() const;
  /// Of each of lineage() the content digest of the dataset that it was trained on; 0 if that is not known: of files of
  /// older versions.
  [[nodiscard]] const std::vector<std::uint64_t>& lineage_datasets() const;
  /// Content digests of the datasets that an ancestor was trained on all of (TrainedOn::all), each once: what they hold
  /// out measures neither that ancestor nor this model.
  [[nodiscard]] const std::vector<std::uint64_t>& lineage_trained_on_all() const;
  [[nodiscard]] const std::vector<EpochLoss>& history() const;
  /// Whose factors these are, from 1; nothing where epochs were not compared.
  [[nodiscard]] std::optional<Index> best_epoch() const;
  /// `training` for files of versions that knew nothing else.
  [[nodiscard]] TrainedOn trained_on() const;
  /// The fold whose rest the model was trained on; nothing where it was trained on all.
  [[nodiscard]] const std::optional<Fold>& trained_fold() const;
  /// Seconds since 1970 that nothing is later than which the model or an ancestor has learned; nothing if that is not
  /// known: of logs without times, and of files of older versions.
  [[nodiscard]] std::optional<std::int64_t> last_training_seconds() const;
  /// How the dataset of the training was prepared; empty for files of versions that did not keep it.
  [[nodiscard]] const std::string& dataset_configuration() const;
  [[nodiscard]] Index factors() const;
  [[nodiscard]] Index users() const;
  [[nodiscard]] Index items() const;
  /// Rows with k columns, or k + 1 where the objective has biases. Values are finite.
  [[nodiscard]] Matrix user_factors(RowRange rows) const;
  [[nodiscard]] Matrix item_factors(RowRange rows) const;
  /// Entries that each row was trained on. Files of older versions do not hold them: there rows count 1 entry, those
  /// whose factors are all zero 0.
  [[nodiscard]] bool has_entry_counts() const;
  [[nodiscard]] std::vector<Index> user_entries(RowRange rows) const;
  [[nodiscard]] std::vector<Index> item_entries(RowRange rows) const;
  [[nodiscard]] IdRows user_ids(RowRange rows) const;
  [[nodiscard]] IdRows item_ids(RowRange rows) const;
  /// Nothing if the side was trained without features.
  [[nodiscard]] const std::optional<ModelFeatures>& user_features() const;
  [[nodiscard]] const std::optional<ModelFeatures>& item_features() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rankwise
