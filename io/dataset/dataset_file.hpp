#pragma once
// A dataset file opened for reading, and its parts as they are. The views of folds and of all parts read through it.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "distributed/log/dataset.hpp"
#include "distributed/log/duplicates.hpp"
#include "distributed/log/fold.hpp"
#include "distributed/log/split_figures.hpp"
#include "io/dataset/provenance.hpp"
#include "io/hdf5/input_check.hpp"
#include "io/hdf5/reader.hpp"
#include "io/sparse/order_file.hpp"
#include "io/sparse/sparse_file.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Nothing for a part that is not there.
class PartShapes {
 public:
  [[nodiscard]] std::optional<SparseShape>& operator[](DatasetPart part) {
    return shapes_[static_cast<std::size_t>(part)];
  }
  [[nodiscard]] const std::optional<SparseShape>& operator[](DatasetPart part) const {
    return shapes_[static_cast<std::size_t>(part)];
  }

 private:
  std::array<std::optional<SparseShape>, all_dataset_parts.size()> shapes_ = {};
};

/// Nothing here is collective; all throw Error (no_input, bad_data, io_error) that names the file.
class DatasetFile {
 public:
  /// Checks that the parts there are fit the ids and each other.
  DatasetFile(const std::string& path, InputCheck check);

  [[nodiscard]] const Hdf5Reader& hdf5() const { return file_; }
  [[nodiscard]] const std::string& path() const { return file_.path(); }
  [[nodiscard]] const Provenance& provenance() const { return provenance_; }
  [[nodiscard]] const MergeRules& rules() const { return rules_; }
  [[nodiscard]] FoldOrigin fold_origin() const { return fold_origin_; }  ///< of its folds, if it has some
  [[nodiscard]] const std::optional<SplitFigures>& split_figures() const { return split_figures_; }
  [[nodiscard]] const std::optional<SplitFigures>& validation_figures() const { return validation_figures_; }
  [[nodiscard]] bool has_validation() const { return shapes_[DatasetPart::validation].has_value(); }
  [[nodiscard]] bool is_of_first_format() const { return provenance_.format_version == 1; }
  [[nodiscard]] Index users() const { return users_; }  ///< without those held out whole
  [[nodiscard]] Index items() const { return items_; }
  [[nodiscard]] Index heldout_users() const { return heldout_users_; }  ///< those held out whole
  [[nodiscard]] bool has_heldout_users() const { return has_heldout_users_; }
  [[nodiscard]] const PartShapes& shapes() const { return shapes_; }
  [[nodiscard]] bool has(DatasetPart part, EntryMark mark) const;
  [[nodiscard]] bool has_log_rows() const { return log_row_entries_.has_value(); }
  [[nodiscard]] const std::optional<OrderShape>& orders() const { return orders_; }

  /// The shape of a part among `shapes`, which are the file's or a view's. Throws AgreedError(bad_data) if it is not
  /// there, hence on every rank alike.
  [[nodiscard]] const SparseShape& required_shape(const PartShapes& shapes, DatasetPart part) const;

  /// These rows of a part that is there; see io/sparse/sparse_file.hpp.
  [[nodiscard]] std::vector<Index> offsets(DatasetPart part, RowRange rows) const;
  [[nodiscard]] SparseRows read(DatasetPart part, RowRange rows, std::span<const Index> without = {}) const;
  [[nodiscard]] std::vector<std::int64_t> marks(DatasetPart part, EntryMark mark, RowRange rows) const;
  /// `part`: interactions or interactions_by_item.
  [[nodiscard]] LogRows log_rows(DatasetPart part, RowRange rows) const;

 private:
  void read_shapes();
  void read_heldout_shapes();
  void read_validation_shapes();
  void read_log_rows_shape();
  void find_marks();
  [[nodiscard]] SparseShape checked_shape(const char* name, Index rows, Index columns) const;
  void set_shape(DatasetPart part, Index rows, Index columns);
  void require_transpose(DatasetPart part, DatasetPart by_item) const;

  Hdf5Reader file_;
  Provenance provenance_;
  MergeRules rules_ = {};
  FoldOrigin fold_origin_ = FoldOrigin::column;
  std::optional<SplitFigures> split_figures_ = {};
  std::optional<SplitFigures> validation_figures_ = {};
  Index users_ = 0;
  Index items_ = 0;
  bool has_heldout_users_ = false;
  Index heldout_users_ = 0;
  PartShapes shapes_ = {};
  std::array<std::vector<DatasetPart>, 2> marked_;  // by EntryMark: which matrices have it
  std::optional<Index> log_row_entries_ = {};       // of each side, if the file has log rows
  std::optional<OrderShape> orders_ = {};
};

}  // namespace rankwise
