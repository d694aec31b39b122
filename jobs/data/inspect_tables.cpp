#include "jobs/data/inspect_tables.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "io/hdf5/file_digests.hpp"
#include "io/hdf5/reader.hpp"
#include "io/tables/table_file.hpp"
#include "kernels/text/counted.hpp"
#include "kernels/text/text_encoding.hpp"

namespace rankwise {

namespace {

constexpr Index block_rows = Index{1} << 16;

TableSummary summarize(const TableReader& table, const std::string& group) {
  TableSummary summary{group, table.rows(), {}};
  for (const TableColumnInfo& column : table.columns()) {
    summary.columns.push_back({column.name, column.type, std::ssize(column.categories), 0});
  }
  for (Index first = 0; first < table.rows(); first += block_rows) {
    const Table block = table.read({first, std::min(first + block_rows, table.rows())});
    for (std::size_t c = 0; c < block.columns.size(); ++c) {
      summary.columns[c].missing += missing_count(block.columns[c].values);
    }
  }
  return summary;
}

double missing_share(const TableSummary& table, const ColumnSummary& column) {
  return table.rows > 0 ? static_cast<double>(column.missing) / static_cast<double>(table.rows) : 0.0;
}

}  // namespace

std::vector<TableSummary> summarize_tables(const std::string& path, const FileDescription& file, InputCheck check) {
  std::vector<TableSummary> tables;
  for (const FileObject& object : file.objects) {
    if (object.kind != FileObject::Kind::group || object.attribute(table_digest_attribute) == nullptr) continue;
    const FileObject* const index = file.find(object.path + "/_index");
    const Index rows = index == nullptr || index->shape.empty() ? 0 : index->shape.front();
    const Hdf5Reader reader = open_checked(path, check);
    tables.push_back(summarize(TableReader(reader, object.path, rows), object.path));
  }
  return tables;
}

std::string tables_text(const std::vector<TableSummary>& tables) {
  std::string text;
  for (const TableSummary& table : tables) {
    text += fmt::format("  columns of {}:\n", table.group);
    std::size_t width = 0;
    for (const ColumnSummary& column : table.columns) width = std::max(width, printable(column.name).size());
    for (const ColumnSummary& column : table.columns) {
      const std::string type = column.type == ColumnType::category
                                   ? fmt::format("{} of {}", column_type_name(column.type), column.categories)
                                   : std::string(column_type_name(column.type));
      text += fmt::format("    {:<{}}  {:<18}  {} missing\n", printable(column.name), width, type,
                          percent(missing_share(table, column)));
    }
  }
  return text;
}

nlohmann::ordered_json tables_json(const std::vector<TableSummary>& tables) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const TableSummary& table : tables) {
    nlohmann::ordered_json columns = nlohmann::ordered_json::array();
    for (const ColumnSummary& column : table.columns) {
      nlohmann::ordered_json entry{{"name", column.name}, {"type", column_type_name(column.type)}};
      if (column.type == ColumnType::category) entry["categories"] = column.categories;
      entry["missing"] = column.missing;
      columns.push_back(std::move(entry));
    }
    list.push_back({{"path", table.group}, {"rows", table.rows}, {"columns", std::move(columns)}});
  }
  return list;
}

}  // namespace rankwise
