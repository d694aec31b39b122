#pragma once
// A dataset file's training part as a fold divides it.

#include <cstdint>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/log/dataset.hpp"
#include "distributed/log/fold.hpp"
#include "distributed/log/fold_division.hpp"
#include "io/dataset/dataset_file.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// The distinct numbers of folds in the file's training part, ascending; none if it has no folds. Collective over comm.
[[nodiscard]] std::vector<Index> fold_numbers(const Communicator& comm, const DatasetFile& file);

/// interactions and interactions_by_item are what remains to train on, heldout and, of a fold of users, given what is
/// validated.
class FoldedView {
 public:
  /// `file` must outlive the view. Throws AgreedError(bad_data) for a fold of times, of a column or of a validation
  /// part that the file does not hold, and for one that leaves nothing to train on or to validate. Collective over
  /// comm.
  FoldedView(const Communicator& comm, const DatasetFile& file, const Fold& by);

  [[nodiscard]] const PartShapes& shapes() const { return shapes_; }
  /// Not collective; throw Error(bad_data, io_error) that names the file.
  [[nodiscard]] SparseRows read(DatasetPart part, RowRange rows) const;
  [[nodiscard]] std::vector<Index> offsets(DatasetPart part, RowRange rows) const;

 private:
  void take_prepared();
  [[nodiscard]] std::vector<std::int64_t> times_of_units(RowRange rows) const;
  void require_marks(const Fold& by) const;
  void require_order(const Communicator& comm, RowRange rows) const;
  void require_both(const Communicator& comm, Index trained, Index validated) const;

  const DatasetFile* file_;
  FoldDivision division_ = {};
  PartShapes shapes_ = {};
};

}  // namespace rankwise
