#pragma once
// All parts of a dataset file as one training part.

#include <optional>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/log/dataset.hpp"
#include "io/dataset/dataset_file.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Its two sides, interactions and interactions_by_item: users held out whole follow those of the training part, a pair
/// of two parts has the value that the file holds for both together. Reads are not collective and throw
/// Error(bad_data, io_error) that names the file.
class JoinedView {
 public:
  /// `file` must outlive the view. Collective over comm; throws AgreedError.
  JoinedView(const Communicator& comm, const DatasetFile& file);

  [[nodiscard]] const PartShapes& shapes() const { return shapes_; }
  [[nodiscard]] std::vector<Index> row_sizes(DatasetPart part, RowRange rows) const;
  [[nodiscard]] SparseRows read(DatasetPart part, RowRange rows) const;

 private:
  [[nodiscard]] Index all_users() const { return file_->users() + file_->heldout_users(); }
  [[nodiscard]] std::vector<DatasetPart> joined_parts(DatasetPart part, bool of_new_users) const;
  [[nodiscard]] std::optional<DatasetPart> overriding_part(DatasetPart part, bool of_new_users) const;
  template <class Visit>
  void for_each_kind(DatasetPart part, RowRange rows, const Visit& visit) const;
  [[nodiscard]] SparseRows read_piece(DatasetPart part, RowRange rows, bool of_new_users) const;

  const DatasetFile* file_;
  PartShapes shapes_ = {};
};

}  // namespace rankwise
