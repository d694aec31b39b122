#include "distributed/tables/place_rows.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_map>

namespace rankwise {

namespace {

constexpr Index no_row = -1;
/// For each of a rank's ids its row in the listed table.
using RowsOfIds = std::vector<Index>;

/// The root's texts to every rank. Collective.
void broadcast_texts(const Communicator& comm, Texts& texts) {
  std::string bytes;
  std::vector<Index> sizes;
  for (const std::string& text : texts) {
    bytes += text;
    sizes.push_back(std::ssize(text));
  }
  comm.broadcast(bytes);
  comm.broadcast(sizes);
  if (comm.is_root()) return;
  texts.clear();
  std::size_t begin = 0;
  for (const Index size : sizes) {
    texts.push_back(bytes.substr(begin, static_cast<std::size_t>(size)));
    begin += static_cast<std::size_t>(size);
  }
}

/// The root's column to every rank. Collective.
TableColumn broadcast_column(const Communicator& comm, const TableColumn* column) {
  TableColumn received;
  if (column != nullptr) received = *column;
  std::vector<int> type{static_cast<int>(received.values.index())};
  comm.broadcast(type);
  comm.broadcast(received.name);
  switch (static_cast<ColumnType>(type.front())) {
    case ColumnType::category: {
      auto& words = comm.is_root() ? std::get<Categories>(received.values) : received.values.emplace<Categories>();
      comm.broadcast(words.codes);
      broadcast_texts(comm, words.categories);
      break;
    }
    case ColumnType::number:
      comm.broadcast(comm.is_root() ? std::get<Numbers>(received.values) : received.values.emplace<Numbers>());
      break;
    case ColumnType::text:
      broadcast_texts(comm, comm.is_root() ? std::get<Texts>(received.values) : received.values.emplace<Texts>());
      break;
  }
  return received;
}

template <class Value>
std::vector<Value> picked(const std::vector<Value>& values, const RowsOfIds& rows, const Value& missing) {
  std::vector<Value> some;
  some.reserve(rows.size());
  for (const Index row : rows) some.push_back(row == no_row ? missing : values[static_cast<std::size_t>(row)]);
  return some;
}

ColumnValues picked(const ColumnValues& values, const RowsOfIds& rows) {
  if (const auto* words = std::get_if<Categories>(&values)) {
    return Categories{picked(words->codes, rows, Categories::missing), words->categories};
  }
  if (const auto* numbers = std::get_if<Numbers>(&values)) {
    return picked(*numbers, rows, std::numeric_limits<double>::quiet_NaN());
  }
  return picked(std::get<Texts>(values), rows, std::string());
}

/// Local.
RowsOfIds rows_of(const std::unordered_map<std::string_view, Index>& row_of_id, const IdRows& ids) {
  RowsOfIds rows;
  rows.reserve(static_cast<std::size_t>(ids.rows.size()));
  for (Index i = 0; i < ids.rows.size(); ++i) {
    const auto found = row_of_id.find(id_text(ids.ids, i));
    rows.push_back(found == row_of_id.end() ? no_row : found->second);
  }
  return rows;
}

}  // namespace

PlacedRows place_rows(const Communicator& comm, const ListedTable& listed,
                      const std::vector<std::reference_wrapper<const IdRows>>& ids) {
  // 1. Which row each id has.
  Texts listed_ids = listed.ids;
  broadcast_texts(comm, listed_ids);
  std::unordered_map<std::string_view, Index> row_of_id;
  for (const std::string& id : listed_ids) row_of_id.emplace(id, std::ssize(row_of_id));
  PlacedRows placed{.listed = std::ssize(listed_ids)};
  std::vector<RowsOfIds> rows;
  for (const IdRows& some : ids) {
    rows.push_back(rows_of(row_of_id, some));
    const Index without = std::ranges::count(rows.back(), no_row);
    placed.placed += comm.sum(std::ssize(rows.back()) - without);
    placed.ids_without_row += comm.sum(without);
    placed.tables.push_back({some.rows, some.total_rows, {}});
  }

  // 2. One column after the other.
  const Index columns = comm.max(std::ssize(listed.columns));
  for (Index c = 0; c < columns; ++c) {
    const auto column = broadcast_column(comm, comm.is_root() ? &listed.columns[static_cast<std::size_t>(c)] : nullptr);
    for (std::size_t t = 0; t < rows.size(); ++t) {
      placed.tables[t].columns.push_back({column.name, picked(column.values, rows[t])});
    }
  }
  return placed;
}

}  // namespace rankwise
