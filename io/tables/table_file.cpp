#include "io/tables/table_file.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <span>
#include <utility>

#include "distributed/tables/table_digest.hpp"
#include "kernels/base/error.hpp"
#include "kernels/text/text_encoding.hpp"
#include "kernels/text/utf8.hpp"

namespace rankwise {

namespace {

const std::string index_name = "_index";

/// Says in AnnData's words what an object is.
void mark(Hdf5Writer& file, const std::string& name, std::string_view encoding_type) {
  file.write_attribute(name, "encoding-type", encoding_type);
  file.write_attribute(name, "encoding-version", std::string_view("0.2.0"));
}

void write_texts(Hdf5Writer& file, const std::string& name, const Table& table, const Texts& texts) {
  file.write_strings(name, table.total_rows, table.rows, texts);
  mark(file, name, "string-array");
}

template <class Value>
void write_array(Hdf5Writer& file, const std::string& name, const Table& table, const std::vector<Value>& values) {
  file.write_rows(name, table.total_rows, table.rows, std::span(values));
  mark(file, name, "array");
}

/// Every rank has all categories; the root writes them.
void write_categories(const Communicator& comm, Hdf5Writer& file, const std::string& name, const Table& table,
                      const Categories& column) {
  file.create_group(name);
  mark(file, name, "categorical");
  file.write_truth_attribute(name, "ordered", false);
  write_array(file, name + "/codes", table, column.codes);
  const Index count = std::ssize(column.categories);
  const Index mine = comm.is_root() ? count : 0;
  file.write_strings(name + "/categories", count, {0, mine},
                     std::span(column.categories).first(static_cast<std::size_t>(mine)));
  mark(file, name + "/categories", "string-array");
}

Texts texts_of(const IdRows& ids) {
  Texts texts;
  texts.reserve(static_cast<std::size_t>(ids.rows.size()));
  for (Index i = 0; i < ids.rows.size(); ++i) texts.push_back(id_text(ids.ids, i));
  return texts;
}

Index longest_bytes(const Texts& texts) {
  Index longest = 1;
  for (const std::string& text : texts) longest = std::max(longest, std::ssize(text));
  return longest;
}

Index column_bytes(const Communicator& comm, const Table& table, const ColumnValues& values) {
  if (const auto* words = std::get_if<Categories>(&values)) {
    return table.total_rows * static_cast<Index>(sizeof(std::int32_t)) +
           std::ssize(words->categories) * longest_bytes(words->categories);
  }
  if (std::holds_alternative<Numbers>(values)) return table.total_rows * static_cast<Index>(sizeof(double));
  return table.total_rows * comm.max(longest_bytes(std::get<Texts>(values)));
}

}  // namespace

bool can_be_column_name(std::string_view name) {
  return !name.empty() && name.size() <= most_column_name_bytes && name != index_name && name != "." && name != ".." &&
         name.find('/') == std::string_view::npos && name.find('\0') == std::string_view::npos && is_utf8(name) &&
         encoded_text(name) == name;
}

Index table_bytes(const Communicator& comm, const Table& table, const IdRows& ids) {
  Index bytes = table.total_rows * comm.max(longest_bytes(texts_of(ids)));
  for (const TableColumn& column : table.columns) bytes += column_bytes(comm, table, column.values);
  return bytes;
}

void write_table(const Communicator& comm, Hdf5Writer& file, const std::string& name, const Table& table,
                 const IdRows& ids) {
  file.create_group(name);
  mark(file, name, "dataframe");
  file.write_attribute(name, "_index", std::string_view(index_name));
  std::vector<std::string> order;
  for (const TableColumn& column : table.columns) order.push_back(column.name);
  file.write_attribute(name, "column-order", std::span<const std::string>(order));
  file.write_attribute(name, table_digest_attribute, table_digest(comm, table));
  write_texts(file, name + "/" + index_name, table, texts_of(ids));
  for (const TableColumn& column : table.columns) {
    const std::string object = name + "/" + column.name;
    if (const auto* words = std::get_if<Categories>(&column.values)) {
      write_categories(comm, file, object, table, *words);
    } else if (const auto* numbers = std::get_if<Numbers>(&column.values)) {
      write_array(file, object, table, *numbers);
    } else {
      write_texts(file, object, table, std::get<Texts>(column.values));
    }
  }
}

TableReader::TableReader(const Hdf5Reader& file, std::string group, Index rows)
    : file_(&file), group_(std::move(group)), rows_(rows) {
  if (file.read_text(group_, "encoding-type") != "dataframe") refuse(group_, "is no dataframe");
  if (file.read_text(group_, "_index") != index_name) refuse(group_, fmt::format("its index is not {}", index_name));
  digest_ = file.read_unsigned(group_, table_digest_attribute);
  require_rows(object(index_name), Hdf5Kind::text);
  std::vector<std::string> names = file.read_texts(group_, "column-order");
  if (std::ssize(names) > most_table_columns) {
    refuse(group_, fmt::format("has {} columns, expected at most {}", names.size(), most_table_columns));
  }
  for (const std::string& name : names) {
    if (!can_be_column_name(name)) refuse(group_, fmt::format("'{}' is no name of a column", printable(name)));
    if (std::ranges::count(names, name) > 1) refuse(group_, fmt::format("column {} is there twice", printable(name)));
    columns_.push_back(read_column(name));
  }
}

std::string TableReader::object(std::string_view column) const {
  return fmt::format("{}/{}", group_, column);
}

void TableReader::refuse(const std::string& object, const std::string& reason) const {
  throw Error(ExitCode::bad_data, fmt::format("{}: {}: {}", file_->path(), printable(object), reason));
}

void TableReader::require_rows(const std::string& object, Hdf5Kind kind) const {
  const Index found = file_->shape(object, kind, 1).rows();
  if (found != rows_) refuse(object, fmt::format("has {} rows, expected {} from the ids", found, rows_));
}

TableColumnInfo TableReader::read_column(const std::string& name) const {
  const std::string column = object(name);
  if (file_->has_group(column)) {
    require_rows(column + "/codes", Hdf5Kind::integer);
    return {name, ColumnType::category, read_categories(column + "/categories")};
  }
  const bool is_text = file_->shape(column).kind == Hdf5Kind::text;
  require_rows(column, is_text ? Hdf5Kind::text : Hdf5Kind::floating);
  return {name, is_text ? ColumnType::text : ColumnType::number, {}};
}

std::vector<std::string> TableReader::read_categories(const std::string& object) const {
  const Index count = file_->shape(object, Hdf5Kind::text, 1).rows();
  if (count > std::numeric_limits<std::int32_t>::max()) refuse(object, fmt::format("has {} categories", count));
  std::vector<std::string> categories = file_->read_strings(object, {0, count});
  for (std::size_t c = 0; c < categories.size(); ++c) {
    if (categories[c].empty() || (c > 0 && categories[c] <= categories[c - 1])) {
      refuse(object, fmt::format("category {} is '{}'; expected texts, each above the one before", c,
                                 printable(categories[c])));
    }
  }
  return categories;
}

const TableColumnInfo& TableReader::column(std::string_view name) const {
  const auto found = std::ranges::find(columns_, name, &TableColumnInfo::name);
  if (found != columns_.end()) return *found;
  std::string listed;
  for (const TableColumnInfo& each : columns_) listed += (listed.empty() ? "" : ", ") + printable(each.name);
  refuse(group_, fmt::format("has no column '{}'; its columns are {}", printable(name), listed));
}

const TableColumnInfo& TableReader::column(std::string_view name, ColumnType type) const {
  const TableColumnInfo& found = column(name);
  if (found.type != type) {
    refuse(object(name), fmt::format("is a {}, expected a {}", column_type_name(found.type), column_type_name(type)));
  }
  return found;
}

std::vector<std::int32_t> TableReader::codes(std::string_view name, RowRange rows) const {
  const auto categories = std::ssize(column(name, ColumnType::category).categories);
  const std::string codes_name = object(name) + "/codes";
  std::vector<std::int32_t> codes = file_->read_rows<std::int32_t>(codes_name, rows);
  const auto bad =
      std::ranges::find_if(codes, [&](std::int32_t code) { return code < Categories::missing || code >= categories; });
  if (bad != codes.end()) {
    refuse(codes_name,
           fmt::format("row {} holds {}, expected -1 to {}", rows.begin + (bad - codes.begin()), *bad, categories - 1));
  }
  return codes;
}

Numbers TableReader::numbers(std::string_view name, RowRange rows) const {
  static_cast<void>(column(name, ColumnType::number));
  Numbers numbers = file_->read_rows<double>(object(name), rows);
  const auto bad = std::ranges::find_if(numbers, [](double number) { return std::isinf(number); });
  if (bad != numbers.end()) {
    refuse(object(name), fmt::format("row {} is infinite, expected a finite number, or NaN if it is missing",
                                     rows.begin + (bad - numbers.begin())));
  }
  return numbers;
}

Texts TableReader::texts(std::string_view name, RowRange rows) const {
  static_cast<void>(column(name, ColumnType::text));
  return file_->read_strings(object(name), rows);
}

Texts TableReader::index(RowRange rows) const {
  return file_->read_strings(object(index_name), rows);
}

Table TableReader::read(RowRange rows) const {
  Table table{rows, rows_, {}};
  for (const TableColumnInfo& info : columns_) {
    TableColumn& column = table.columns.emplace_back();
    column.name = info.name;
    switch (info.type) {
      case ColumnType::category:
        column.values = Categories{codes(info.name, rows), info.categories};
        break;
      case ColumnType::number:
        column.values = numbers(info.name, rows);
        break;
      case ColumnType::text:
        column.values = texts(info.name, rows);
        break;
    }
  }
  return table;
}

}  // namespace rankwise
