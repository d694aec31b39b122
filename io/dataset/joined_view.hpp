#pragma once
// Several parts of a dataset file as one training part.

#include <optional>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/log/dataset.hpp"
#include "io/dataset/dataset_file.hpp"
#include "io/dataset/trained_on.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Its two sides, interactions and interactions_by_item, of the training and the validation part, or of all parts. Of
/// all, users held out whole follow those of the training part, and there is nothing else; else what is held out is as
/// in the file. A pair of two parts has the value that the file holds for both together. Reads are not collective and
/// throw Error(bad_data, io_error) that names the file.
class JoinedView {
 public:
  /// `file` must outlive the view. `parts`: not `training` alone. Collective over comm; throws AgreedError, usage if
  /// there is no validation part to be joined.
  JoinedView(const Communicator& comm, const DatasetFile& file, TrainedOn parts);

  [[nodiscard]] TrainedOn parts() const { return parts_; }
  [[nodiscard]] const PartShapes& shapes() const { return shapes_; }
  [[nodiscard]] std::vector<Index> row_sizes(DatasetPart part, RowRange rows) const;
  [[nodiscard]] SparseRows read(DatasetPart part, RowRange rows) const;

 private:
  [[nodiscard]] Index all_users() const;
  [[nodiscard]] std::vector<DatasetPart> heldout_parts(DatasetPart part, bool of_new_users) const;
  [[nodiscard]] std::optional<DatasetPart> overriding_part(DatasetPart part, bool of_new_users) const;
  template <class Visit>
  void for_each_kind(DatasetPart part, RowRange rows, const Visit& visit) const;
  [[nodiscard]] SparseRows read_piece(DatasetPart part, RowRange rows, bool of_new_users) const;

  const DatasetFile* file_;
  TrainedOn parts_;
  PartShapes shapes_ = {};
};

/// Rows of interactions or interactions_by_item as they were before the validation part was taken off them, if there is
/// one. Not collective; throws Error(bad_data, io_error) that names the file.
[[nodiscard]] SparseRows read_with_validation(const DatasetFile& file, DatasetPart part, RowRange rows);

}  // namespace rankwise
