#pragma once
// The dataset file: an indexed, cleaned log as sparse matrices that scipy and anndata read as they are; its reader
// (io/dataset/dataset_writer.hpp writes it).
//
//   /users/ids  /items/ids            int64, or fixed-length UTF-8 strings
//   /interactions                     training part, CSR by user (users x items)
//   /interactions_by_item             its transpose, CSR by item (items x users)
//   /heldout/interactions             held-out part, CSR by user; rows are /users, or /heldout/users if that exists
//   /heldout/users/ids                users held out whole (strong generalization); they have no row in /interactions
//   /heldout/given                    what those users' fold-in may see, CSR (held-out users x items)
//   /heldout/repeated                 pairs with rows on both sides of a split in time, merged over all of these rows
//   /validation/interactions          taken off the training part, CSR by user; rows are /users
//   /validation/given                 of users that are validated whole: what their fold-in may see, CSR by user
//   /validation/repeated              pairs with rows both in training and in validation, merged over all of these rows
//   /log_rows                         the log's rows on pairs of the training part that have rows of several times
//   /orders                           what users bought together, rows of the log (io/sparse/order_file.hpp)
// and beside each matrix NAME of the last seven before /orders its transpose NAME_by_item
// (/heldout/interactions_by_item, ...).
//
// Each CSR group holds `data` (float32; float64 of log rows), `indices` (int32, or int64 beyond 2^31 columns), `indptr`
// (int64) and AnnData's attributes `encoding-type`, `encoding-version` and `shape`; if the log has them, also `time`
// (int64) and `fold` (int32) of each entry.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/log/dataset.hpp"
#include "distributed/log/fold.hpp"
#include "distributed/log/orders.hpp"
#include "distributed/log/split_figures.hpp"
#include "distributed/rows/row_piece.hpp"
#include "io/dataset/provenance.hpp"
#include "io/dataset/trained_on.hpp"
#include "io/hdf5/input_check.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// What a dataset says of the times of its log; nothing of a log without times, and of files of format-version 1.
struct LogTimes {
  std::optional<std::int64_t> first_seconds = {};          ///< since 1970, of the earliest row
  std::optional<std::int64_t> last_seconds = {};           ///< of the latest row
  std::optional<std::int64_t> last_training_seconds = {};  ///< of a split at one time: all that is later is held out
};

/// The time that nothing is later than which such a training learns, in seconds since 1970; nothing if that is not
/// known.
[[nodiscard]] std::optional<std::int64_t> last_trained_seconds(const LogTimes& times, TrainedOn trained_on);

/// A dataset file opened for reading. With a fold (distributed/log/fold.hpp) `interactions` and `interactions_by_item`
/// are what remains for its training, `heldout` and `given` what it validates, all of the file's training part
/// (prepared: of its validation part); the file's own held-out part and the other parts then are out of reach. Files of
/// format-version 1, which know neither transposes of what is held out nor repeated pairs nor log rows, can be read but
/// for these. Construction and every read are collective over comm and throw AgreedError (no_input, bad_data, io_error)
/// that names the file.
class DatasetReader {
 public:
  /// Also refuses (bad_data) a fold of times, of a column or of a validation part that the file does not hold, or one
  /// that would leave nothing to train on or to validate. A temporal fold divides the log's rows and merges those of
  /// each side. With TrainedOn::training_and_validation, which knows no fold, `interactions` and `interactions_by_item`
  /// are what the training part was before the validation part was taken off; refused (usage) without such a part. With
  /// TrainedOn::all, which knows no fold either, `interactions` and `interactions_by_item` are all parts of the file
  /// together, and there are no others: users held out whole follow those of the training part, a pair of two parts has
  /// the value that the file holds for both together.
  DatasetReader(const Communicator& comm, const std::string& path, const std::optional<Fold>& fold = std::nullopt,
                TrainedOn trained_on = TrainedOn::training, InputCheck check = InputCheck::digests);
  ~DatasetReader();
  DatasetReader(DatasetReader&&) noexcept;
  DatasetReader& operator=(DatasetReader&&) noexcept;

  /// Whether what is read is compared with digests, which files of older versions do not have.
  [[nodiscard]] bool compares() const;
  [[nodiscard]] Index users() const;
  [[nodiscard]] Index items() const;
  /// Of the file, whatever the view: without those held out whole, and with them.
  [[nodiscard]] Index training_users() const;
  [[nodiscard]] Index all_users() const;
  [[nodiscard]] bool has(DatasetPart part) const;
  [[nodiscard]] Index rows(DatasetPart part) const;
  [[nodiscard]] Index columns(DatasetPart part) const;
  [[nodiscard]] Index entries(DatasetPart part) const;
  /// Its digest is that of the file's whole training part, with a fold too.
  [[nodiscard]] const Provenance& provenance() const;

  /// Of the file, whatever the view.
  [[nodiscard]] LogTimes log_times() const;

  /// How the users' pseudonyms are made; nothing if they have their ids.
  [[nodiscard]] std::optional<PseudonymMark> pseudonyms() const;

  /// What the split of the file's held-out part gives away, whatever the view; nothing if nothing was split off, and of
  /// files of older versions, which do not hold these counts. Its leakage is nothing if the log has no times.
  [[nodiscard]] const std::optional<SplitFigures>& split_figures() const;
  /// Likewise of the validation part.
  [[nodiscard]] const std::optional<SplitFigures>& validation_figures() const;

  /// All numbers about the log and its split that the file holds (docs/FORMATS.md), whatever the view.
  [[nodiscard]] std::vector<DatasetFigure> figures() const;

  /// From now on what read() and row_sizes() give is kept, and given again to who asks for the same.
  void remember_rows();

  /// Entries of each of `rows`, validated.
  [[nodiscard]] std::vector<Index> row_sizes(DatasetPart part, RowRange rows) const;
  /// These rows, validated: offsets monotone, columns in range and ascending, values finite. Those in `without`
  /// (ascending) come without their entries.
  [[nodiscard]] SparseRows read(DatasetPart part, RowRange rows, std::span<const Index> without = {}) const;
  /// What is known of these users when the held-out part begins, for lists that leave it out: their interactions, and,
  /// unless the view validates it or trains on it, their validation part.
  [[nodiscard]] SparseRows read_known(RowRange rows) const;
  /// Parts of rows, one row each, validated likewise.
  [[nodiscard]] SparseRows read_parts(DatasetPart part, std::span<const SharedPart> parts) const;
  /// Whether the file's matrix has such marks; and those of these rows, validated (of a reader without a fold).
  [[nodiscard]] bool has(DatasetPart part, EntryMark mark) const;
  [[nodiscard]] std::vector<std::int64_t> marks(DatasetPart part, EntryMark mark, RowRange rows) const;
  /// By which rows became interactions, and do in temporal folds.
  [[nodiscard]] const MergeRules& rules() const;
  /// The log rows of these users or items (part: interactions or interactions_by_item), validated like other rows.
  [[nodiscard]] bool has_log_rows() const;
  [[nodiscard]] LogRows log_rows(DatasetPart part, RowRange rows) const;
  /// Whether the log had orders; how many the file has, whatever the view; and those of these users, of all_users(),
  /// validated (io/sparse/order_file.hpp).
  [[nodiscard]] bool has_orders() const;
  [[nodiscard]] Index order_count() const;
  [[nodiscard]] Orders orders(RowRange users) const;
  /// The distinct numbers of folds in the file's training part, ascending; none where it has no folds.
  [[nodiscard]] std::vector<Index> fold_numbers() const;
  [[nodiscard]] IdRows user_ids(RowRange rows) const;
  [[nodiscard]] IdRows item_ids(RowRange rows) const;
  [[nodiscard]] IdRows heldout_user_ids(RowRange rows) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rankwise
