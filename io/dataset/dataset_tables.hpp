#pragma once
// What a dataset holds beside its log: tables of its items and users.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "distributed/comm/communicator.hpp"
#include "distributed/tables/table.hpp"
#include "io/hdf5/input_check.hpp"
#include "io/hdf5/reader.hpp"
#include "io/tables/table_file.hpp"

namespace rankwise {

/// In the order of the dataset's ids, on the ranks that own them.
struct DatasetTables {
  std::optional<Table> items = {};
  std::optional<Table> users = {};
  std::optional<Table> heldout_users = {};  ///< if users are held out whole and `users` is there
};

/// Reads the tables of a dataset file, whatever view of its log is trained on: rows are those of /items/ids, /users/ids
/// and /heldout/users/ids. A table that the file does not hold is nothing.
class DatasetTablesReader {
 public:
  /// Opens the file, and checks attributes and sizes of its tables, and that those of users and of users held out have
  /// the same columns. Collective over comm; throws AgreedError (no_input,
  /// bad_data, io_error) that names the file. What the tables' readers do is not collective.
  DatasetTablesReader(const Communicator& comm, const std::string& path, InputCheck check = InputCheck::digests);

  [[nodiscard]] const std::optional<TableReader>& items() const { return items_; }
  [[nodiscard]] const std::optional<TableReader>& users() const { return users_; }
  [[nodiscard]] const std::optional<TableReader>& heldout_users() const { return heldout_users_; }

 private:
  std::unique_ptr<Hdf5Reader> file_;
  std::optional<TableReader> items_ = {};
  std::optional<TableReader> users_ = {};
  std::optional<TableReader> heldout_users_ = {};
};

/// These rows of a dataset's table of items, as /items/ids counts them; nothing if the file has no such table.
/// Collective over comm, each rank with rows of its own; throws AgreedError (no_input, bad_data, io_error).
[[nodiscard]] std::optional<Table> read_item_table(const Communicator& comm, const std::string& path, RowRange rows,
                                                   InputCheck check = InputCheck::digests);

/// Likewise of users: those of /users/ids, and behind them those that are held out whole, as a DatasetReader of
/// TrainedOn::all counts them.
[[nodiscard]] std::optional<Table> read_user_table(const Communicator& comm, const std::string& path, RowRange rows,
                                                   InputCheck check = InputCheck::digests);

/// All tables of a dataset, rows partitioned by count: as write_dataset() takes them. Collective over comm; throws as
/// read_item_table().
[[nodiscard]] DatasetTables read_dataset_tables(const Communicator& comm, const std::string& path,
                                                InputCheck check = InputCheck::digests);

/// What a dataset's tables of items and users hold, from the digests that they state; 0 without tables. Users held out
/// whole do not count. Collective over comm; throws as read_item_table().
[[nodiscard]] std::uint64_t tables_digest(const Communicator& comm, const std::string& path);

}  // namespace rankwise
