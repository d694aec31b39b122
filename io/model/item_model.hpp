#pragma once
// The item model file: by which weights items speak for items.
//
//   /items/ids   /items/entries   as in a factor model
//   /items/neighbours             items x items, CSC in AnnData's layout: column j holds the weights s_ij by which the
//                                 items i that a user has score item j; no item speaks for itself
//
// Attributes of the root: Provenance, `users`, `entry-weights`, `trained-on`, `dataset-configuration`, and of logs with
// times `last-training-time`.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/itemcf/entry_weights.hpp"
#include "distributed/rows/id_rows.hpp"
#include "distributed/rows/sparse_rows.hpp"
#include "io/dataset/provenance.hpp"
#include "io/hdf5/input_check.hpp"
#include "io/model/training_record.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Provenance::kind of such files.
inline constexpr const char* item_model_kind = "item-model";

/// This rank's items.
struct ItemModel {
  EntryWeighting weighting = EntryWeighting::one;  ///< what entries of a user weigh when items are scored
  Index users = 0;                                 ///< of the training
  IdRows ids;
  std::vector<Index> entries;  ///< of each item, that it was trained on
  SparseRows weights;          ///< row j: of the items that speak for j, ascending
  TrainedOn trained_on = TrainedOn::training;
  std::string dataset_configuration = {};
  std::optional<std::int64_t> last_training_seconds = {};
};

/// Collective over comm; written under a temporary name and committed; throws AgreedError (cannot_create, io_error).
void write_item_model(const Communicator& comm, const std::string& path, const ItemModel& model,
                      const Provenance& provenance, int deflate_level = 0);

/// An item model file opened for reading; construction and reads are collective over comm and throw AgreedError.
class ItemModelReader {
 public:
  ItemModelReader(const Communicator& comm, const std::string& path, InputCheck check = InputCheck::digests);
  ~ItemModelReader();
  ItemModelReader(ItemModelReader&&) noexcept;
  ItemModelReader& operator=(ItemModelReader&&) noexcept;

  [[nodiscard]] bool compares() const;
  [[nodiscard]] const TrainingRecord& record() const;
  [[nodiscard]] EntryWeighting weighting() const;
  [[nodiscard]] Index items() const;
  [[nodiscard]] Index weights() const;  ///< of all items
  [[nodiscard]] IdRows item_ids(RowRange rows) const;
  [[nodiscard]] std::vector<Index> item_entries(RowRange rows) const;
  /// How many items speak for each of these.
  [[nodiscard]] std::vector<Index> weight_counts(RowRange items) const;
  /// Row j: the weights of the items that speak for j; finite, ascending, without j itself.
  [[nodiscard]] SparseRows item_weights(RowRange items) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Whether the file is an item model by its own word; what it is otherwise is for its reader to say. Collective over
/// comm; throws AgreedError(no_input, bad_data) if it cannot be opened.
[[nodiscard]] bool is_item_model(const Communicator& comm, const std::string& path);

}  // namespace rankwise
