#pragma once
// The dataset file: an indexed, cleaned log as sparse matrices that scipy and anndata read as they are.
//
//   /users/ids  /items/ids            int64, or fixed-length UTF-8 strings
//   /interactions                     training part, CSR by user (users x items)
//   /interactions_by_item             its transpose, CSR by item (items x users)
//   /heldout/interactions             held-out part, CSR by user; rows are /users, or /heldout/users if that exists
//   /heldout/users/ids                users held out whole (strong generalization); they have no row in /interactions
//   /heldout/given                    what those users' fold-in may see, CSR (held-out users x items)
//   /heldout/repeated                 pairs with rows on both sides of a split in time, merged over all of these rows
//   /log_rows                         the log's rows on pairs of the training part that have rows of several times
// and beside each matrix NAME of the last four its transpose NAME_by_item (/heldout/interactions_by_item, ...).
//
// Each CSR group holds `data` (float32; float64 of log rows), `indices` (int32, or int64 beyond 2^31 columns), `indptr`
// (int64) and AnnData's attributes `encoding-type`, `encoding-version` and `shape`; if the log has them, also `time`
// (int64) and `fold` (int32) of each entry.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "distributed/als/shared_rows.hpp"
#include "distributed/comm/communicator.hpp"
#include "distributed/log/duplicates.hpp"
#include "distributed/log/fold.hpp"
#include "distributed/rows/ids.hpp"
#include "io/dataset/provenance.hpp"
#include "io/hdf5/input_check.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// This rank's rows of a distributed sparse matrix; columns are global and ascend within a row.
template <class Value>
struct CsrRows {
  RowRange rows;         ///< global rows held here
  Index total_rows = 0;  ///< over all ranks
  Index column_count = 0;
  std::vector<Index> offsets{0};  ///< rows.size() + 1, local, from 0
  std::vector<Index> columns;
  std::vector<Value> values;
  /// Of each entry, where they are known and wanted; on all ranks or on none.
  std::optional<std::vector<std::int64_t>> times = {};  ///< seconds since 1970
  std::optional<std::vector<std::int32_t>> folds = {};  ///< 0 to most_folds - 1

  [[nodiscard]] Index entries() const { return offsets.back(); }
};

/// One entry for a pair: columns ascend strictly.
using SparseRows = CsrRows<float>;

/// One entry for each row that a log has on a pair, hence a column repeats. Rows on one pair are in the order in which
/// its policy takes them (distributed/log/duplicates.hpp).
using LogRows = CsrRows<double>;

/// This rank's rows of an id dictionary.
struct IdRows {
  RowRange rows;
  Index total_rows = 0;
  Ids ids;
};

/// Users held out whole.
struct HeldoutUsers {
  IdRows ids;
  SparseRows given;          ///< held-out users x items
  SparseRows given_by_item;  ///< items x held-out users
};

/// A matrix and its transpose.
template <class Matrix>
struct BothSides {
  Matrix by_user;  ///< users x items
  Matrix by_item;  ///< items x users
};

/// A number about the log or its split, for people: an attribute of the file's root.
struct DatasetFigure {
  std::string name;
  std::variant<std::int64_t, double> value;
};

/// The content of a dataset file, distributed over ranks by rows (any contiguous partition in rank order).
struct Dataset {
  IdRows users;
  IdRows items;
  SparseRows interactions;          ///< users x items
  SparseRows interactions_by_item;  ///< items x users
  std::optional<BothSides<SparseRows>> heldout;
  std::optional<HeldoutUsers> heldout_users;  ///< when set, users of `heldout` are these
  /// Pairs with rows on both sides of a split in time: the merge of all of these rows.
  std::optional<BothSides<SparseRows>> repeated;
  /// All rows of the training part on pairs that have rows of several times.
  std::optional<BothSides<LogRows>> log_rows;
  MergeRules rules;  ///< by which rows became interactions
  std::vector<DatasetFigure> figures;
};

/// Content digest of a sparse matrix: XXH3-64 over each row (its number, columns and values, and its times and folds
/// where it has any), summed modulo 2^64, hence the same for any partition. Collective over comm.
[[nodiscard]] std::uint64_t content_digest(const Communicator& comm, const SparseRows& matrix);

/// Digest of what trainings and folds are made of: of `interactions`, and of `log_rows` and the rules if there are any
/// such rows. Collective over comm.
[[nodiscard]] std::uint64_t content_digest(const Communicator& comm, const Dataset& dataset);

/// Writes the file under a temporary name and commits it. `provenance.dataset_digest` becomes the dataset's digest.
/// `deflate_level`: see Hdf5WriterOptions. Collective over comm; throws AgreedError (cannot_create, io_error).
void write_dataset(const Communicator& comm, const std::string& path, const Dataset& dataset,
                   const Provenance& provenance, int deflate_level = 0);

/// What of a dataset is trained on: its training part, or all that it holds.
enum class TrainedOn { training, all };

/// The sparse matrices of a dataset file.
enum class DatasetPart {
  interactions,
  interactions_by_item,
  heldout,
  heldout_by_item,
  given,
  given_by_item,
  repeated,
  repeated_by_item
};
inline constexpr std::array all_dataset_parts{
    DatasetPart::interactions, DatasetPart::interactions_by_item, DatasetPart::heldout,  DatasetPart::heldout_by_item,
    DatasetPart::given,        DatasetPart::given_by_item,        DatasetPart::repeated, DatasetPart::repeated_by_item};

/// The group of a part in the file.
[[nodiscard]] const char* group_name(DatasetPart part);
/// Of the log rows on pairs of a matrix of the training part.
[[nodiscard]] const char* log_rows_name(DatasetPart part);

/// What a file may hold of each interaction beside its value.
enum class EntryMark { time, fold };

/// A dataset file opened for reading. With a fold (distributed/log/fold.hpp) `interactions` and `interactions_by_item`
/// are what remains for its training, `heldout` and `given` what it validates, all of the file's training part; the
/// file's own held-out part and the other parts then are out of reach. Files of format-version 1, which know neither
/// transposes of what is held out nor repeated pairs nor log rows, can be read but for these. Construction and every
/// read are collective over comm and throw AgreedError (no_input, bad_data, io_error) that names the file.
class DatasetReader {
 public:
  /// Also refuses (bad_data) a fold of times or of a column that the file does not hold, or one that would leave
  /// nothing to train on or to validate. A temporal fold divides the log's rows and merges those of each side.
  /// With TrainedOn::all, which knows no fold, `interactions` and `interactions_by_item` are all parts of the file
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

  /// From now on what read() and row_sizes() give is kept, and given again to who asks for the same.
  void remember_rows();

  /// Entries of each of `rows`, validated.
  [[nodiscard]] std::vector<Index> row_sizes(DatasetPart part, RowRange rows) const;
  /// These rows, validated: offsets monotone, columns in range and ascending, values finite. Those in `without`
  /// (ascending) come without their entries.
  [[nodiscard]] SparseRows read(DatasetPart part, RowRange rows, std::span<const Index> without = {}) const;
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
