#pragma once
// Tables in HDF5 files: groups that AnnData reads as dataframes.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/rows/id_rows.hpp"
#include "distributed/tables/table.hpp"
#include "io/hdf5/reader.hpp"
#include "io/hdf5/writer.hpp"

namespace rankwise {

/// Of a table's group: its content digest.
inline constexpr const char* table_digest_attribute = "table-digest";

/// Columns that a table in a file has at most.
inline constexpr Index most_table_columns = 1000;

/// Of a column's name.
inline constexpr std::size_t most_column_name_bytes = 1000;

/// Whether a column may have this name in a file: not empty, not too long, no '/', not "_index", "." or "..", no byte
/// that is no UTF-8 or a NUL.
[[nodiscard]] bool can_be_column_name(std::string_view name);

/// Bytes that the group will take in a file. Collective over comm.
[[nodiscard]] Index table_bytes(const Communicator& comm, const Table& table, const IdRows& ids);

/// Writes group `name`: a dataset or group for each column, the ids as texts, and the table's digest
/// (distributed/tables/table_digest.hpp). `ids` are those of the table's rows. Collective over comm.
void write_table(const Communicator& comm, Hdf5Writer& file, const std::string& name, const Table& table,
                 const IdRows& ids);

struct TableColumnInfo {
  std::string name;
  ColumnType type = ColumnType::text;
  std::vector<std::string> categories;  ///< of a category

  bool operator==(const TableColumnInfo&) const = default;
};

/// Reads a table by columns and rows. No member is collective, as the file's reader is not; all throw
/// Error(bad_data) that names file and object.
class TableReader {
 public:
  /// `file` must outlive the reader. The group's attributes and the sizes of all columns are checked: each has `rows`
  /// rows. Categories are read.
  TableReader(const Hdf5Reader& file, std::string group, Index rows);

  [[nodiscard]] Index rows() const { return rows_; }
  [[nodiscard]] const std::vector<TableColumnInfo>& columns() const { return columns_; }
  /// Throws Error(bad_data) that lists the columns if there is none of this name.
  [[nodiscard]] const TableColumnInfo& column(std::string_view name) const;
  /// As the file states it.
  [[nodiscard]] std::uint64_t digest() const { return digest_; }

  /// Of a column of the type; throws Error(bad_data) if it is of another one. Codes are Categories::missing, or places
  /// in the column's categories; numbers finite, or NaN where missing; texts empty where missing.
  [[nodiscard]] std::vector<std::int32_t> codes(std::string_view name, RowRange rows) const;
  [[nodiscard]] Numbers numbers(std::string_view name, RowRange rows) const;
  [[nodiscard]] Texts texts(std::string_view name, RowRange rows) const;
  /// The ids of the rows as texts.
  [[nodiscard]] Texts index(RowRange rows) const;
  /// All columns.
  [[nodiscard]] Table read(RowRange rows) const;

 private:
  [[nodiscard]] std::string object(std::string_view column) const;
  [[noreturn]] void refuse(const std::string& object, const std::string& reason) const;
  [[nodiscard]] const TableColumnInfo& column(std::string_view name, ColumnType type) const;
  [[nodiscard]] TableColumnInfo read_column(const std::string& name) const;
  [[nodiscard]] std::vector<std::string> read_categories(const std::string& object) const;
  void require_rows(const std::string& object, Hdf5Kind kind) const;

  const Hdf5Reader* file_;
  std::string group_;
  Index rows_;
  std::uint64_t digest_ = 0;
  std::vector<TableColumnInfo> columns_;
};

}  // namespace rankwise
