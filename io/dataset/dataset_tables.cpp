#include "io/dataset/dataset_tables.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <utility>

#include "distributed/rows/partition.hpp"
#include "io/dataset/dataset_parts.hpp"
#include "io/dataset/id_file.hpp"
#include "io/hdf5/file_digests.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

/// Nothing if the file has no such table, as one of users alone has none of items.
std::optional<TableReader> reader_of(const Hdf5Reader& file, const std::string& group, const std::string& name,
                                     const std::string& ids) {
  if (!file.has(group) || !file.has(name)) return std::nullopt;
  return TableReader(file, name, id_rows(file, ids));
}

template <class Value>
void append(std::vector<Value>& values, std::vector<Value> more) {
  values.insert(values.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

/// Values of `more`, which has the same columns.
void append_rows(Table& table, Table more) {
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    ColumnValues& values = table.columns[c].values;
    ColumnValues& added = more.columns[c].values;
    if (auto* const words = std::get_if<Categories>(&values)) {
      append(words->codes, std::move(std::get<Categories>(added).codes));
    } else if (auto* const numbers = std::get_if<Numbers>(&values)) {
      append(*numbers, std::move(std::get<Numbers>(added)));
    } else {
      append(std::get<Texts>(values), std::move(std::get<Texts>(added)));
    }
  }
}

}  // namespace

DatasetTablesReader::DatasetTablesReader(const Communicator& comm, const std::string& path, InputCheck check)
    : file_(agree_on(comm, [&] { return std::make_unique<Hdf5Reader>(open_checked(path, check)); })) {
  agree_on_version(comm, path, file_->version());
  agree_on(comm, [&] {
    items_ = reader_of(*file_, "/items", item_table_name, item_ids_name);
    users_ = reader_of(*file_, "/users", user_table_name, user_ids_name);
    if (file_->has("/heldout"))
      heldout_users_ = reader_of(*file_, "/heldout/users", heldout_user_table_name, heldout_user_ids_name);
    if (!users_ || !heldout_users_ || users_->columns() == heldout_users_->columns()) return;
    throw Error(ExitCode::bad_data, fmt::format("{}: {}: its columns, types or categories are not those of {}", path,
                                                heldout_user_table_name, user_table_name));
  });
}

std::optional<Table> read_item_table(const Communicator& comm, const std::string& path, RowRange rows,
                                     InputCheck check) {
  const DatasetTablesReader tables(comm, path, check);
  if (!tables.items()) return std::nullopt;
  return agree_on(comm, [&] { return tables.items()->read(rows); });
}

std::optional<Table> read_user_table(const Communicator& comm, const std::string& path, RowRange rows,
                                     InputCheck check) {
  const DatasetTablesReader tables(comm, path, check);
  if (!tables.users()) return std::nullopt;
  return agree_on(comm, [&] {
    const Index users = tables.users()->rows();
    Table table = tables.users()->read({std::min(rows.begin, users), std::min(rows.end, users)});
    if (rows.end > users && !tables.heldout_users()) {
      throw Error(ExitCode::bad_data, fmt::format("{}: holds a table of users, but none of those held out whole; "
                                                  "expected {}",
                                                  path, heldout_user_table_name));
    }
    table.rows = rows;
    if (!tables.heldout_users()) return table;
    table.total_rows += tables.heldout_users()->rows();
    append_rows(table, tables.heldout_users()->read(
                           {std::max(rows.begin - users, Index{0}), std::max(rows.end - users, Index{0})}));
    return table;
  });
}

DatasetTables read_dataset_tables(const Communicator& comm, const std::string& path, InputCheck check) {
  const DatasetTablesReader tables(comm, path, check);
  const auto share_of = [&](const std::optional<TableReader>& table) -> std::optional<Table> {
    if (!table) return std::nullopt;
    return table->read(Partition::by_count(table->rows(), comm.size()).range(comm.rank()));
  };
  return agree_on(comm, [&] {
    return DatasetTables{share_of(tables.items()), share_of(tables.users()), share_of(tables.heldout_users())};
  });
}

std::uint64_t tables_digest(const Communicator& comm, const std::string& path) {
  constexpr std::uint64_t odd = 0x9E3779B97F4A7C15ULL;  // so that both tables exchanged make another one
  const DatasetTablesReader tables(comm, path, InputCheck::none);
  std::uint64_t digest = 0;
  if (tables.items()) digest += tables.items()->digest() | 1;
  if (tables.users()) digest += odd * (tables.users()->digest() | 1);
  return digest;
}

}  // namespace rankwise
