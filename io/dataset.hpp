#pragma once
// The dataset file: an indexed, cleaned log as sparse matrices that scipy and anndata read as they are.
//
//   /users/ids  /items/ids            int64, or fixed-length UTF-8 strings
//   /interactions                     training part, CSR by user (users x items)
//   /interactions_by_item             its transpose, CSR by item (items x users)
//   /heldout/interactions             held-out part, CSR by user; rows are /users, or /heldout/users where that exists
//   /heldout/users/ids                users held out whole (strong generalization); they have no row in /interactions
//   /heldout/given                    what those users' fold-in may see, CSR (held-out users x items)
//
// Each CSR group holds `data` (float32), `indices` (int32, or int64 beyond 2^31 columns), `indptr` (int64) and
// AnnData's attributes `encoding-type`, `encoding-version` and `shape`; where the log has them, also `time` (int64) and
// `fold` (int32) of each entry.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "distributed/communicator.hpp"
#include "distributed/shared_rows.hpp"
#include "io/fold.hpp"
#include "io/ids.hpp"
#include "io/provenance.hpp"
#include "kernels/types.hpp"

namespace rankwise {

/// This rank's rows of a distributed sparse matrix; columns are global and ascend strictly within a row.
struct SparseRows {
  RowRange rows;         ///< global rows held here
  Index total_rows = 0;  ///< over all ranks
  Index column_count = 0;
  std::vector<Index> offsets{0};  ///< rows.size() + 1, local, from 0
  std::vector<Index> columns;
  std::vector<float> values;
  /// Of each entry, where they are known and wanted; on all ranks or on none.
  std::optional<std::vector<std::int64_t>> times = {};  ///< seconds since 1970
  std::optional<std::vector<std::int32_t>> folds = {};  ///< 0 to most_folds - 1

  [[nodiscard]] Index entries() const { return offsets.back(); }
};

/// This rank's rows of an id dictionary.
struct IdRows {
  RowRange rows;
  Index total_rows = 0;
  Ids ids;
};

/// Users held out whole.
struct HeldoutUsers {
  IdRows ids;
  SparseRows given;
};

/// The content of a dataset file, distributed over ranks by rows (any contiguous partition in rank order).
struct Dataset {
  IdRows users;
  IdRows items;
  SparseRows interactions;          ///< users x items
  SparseRows interactions_by_item;  ///< items x users
  std::optional<SparseRows> heldout;
  std::optional<HeldoutUsers> heldout_users;  ///< when set, rows of `heldout` are these users
};

/// Content digest of a sparse matrix: XXH3-64 over each row (its number, columns and values, and its times and folds
/// where it has any), summed modulo 2^64, hence the same for any partition. Collective over comm.
[[nodiscard]] std::uint64_t content_digest(const Communicator& comm, const SparseRows& matrix);

/// Writes the file under a temporary name and commits it. `provenance.dataset_digest` is the digest of `interactions`.
/// `deflate_level`: see Hdf5WriterOptions. Collective over comm; throws AgreedError (cannot_create, io_error).
void write_dataset(const Communicator& comm, const std::string& path, const Dataset& dataset,
                   const Provenance& provenance, int deflate_level = 0);

/// What of a dataset is trained on: its training part, or all that it holds.
enum class TrainedOn { training, all };

/// The sparse matrices of a dataset file.
enum class DatasetPart { interactions, interactions_by_item, heldout, given };

/// What a file may hold of each interaction beside its value.
enum class EntryMark { time, fold };

/// A dataset file opened for reading. With a fold (io/fold.hpp) `interactions` and `interactions_by_item` are what
/// remains for its training, `heldout` and `given` what it validates, all of the file's training part; the file's own
/// held-out part then is out of reach. Construction and every read are collective over comm and throw AgreedError
/// (no_input, bad_data, io_error) that names the file.
class DatasetReader {
 public:
  /// Also refuses (bad_data) a fold of times or of a column that the file does not hold, or one that would leave
  /// nothing to train on or to validate.
  DatasetReader(const Communicator& comm, const std::string& path, const std::optional<Fold>& fold = std::nullopt);
  ~DatasetReader();
  DatasetReader(DatasetReader&&) noexcept;
  DatasetReader& operator=(DatasetReader&&) noexcept;

  [[nodiscard]] Index users() const;
  [[nodiscard]] Index items() const;
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
