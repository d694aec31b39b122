#include "distributed/tables/table_digest.hpp"

#include <string>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace rankwise {

namespace {

void add_text(XXH3_state_t& state, const std::string& text) {
  XXH3_64bits_update(&state, text.c_str(), text.size() + 1);
}

void add_value(XXH3_state_t& state, const ColumnValues& values, std::size_t row) {
  if (const auto* words = std::get_if<Categories>(&values)) {
    XXH3_64bits_update(&state, &words->codes[row], sizeof words->codes[row]);
  } else if (const auto* numbers = std::get_if<Numbers>(&values)) {
    XXH3_64bits_update(&state, &(*numbers)[row], sizeof(double));
  } else {
    add_text(state, std::get<Texts>(values)[row]);
  }
}

}  // namespace

std::uint64_t sum_of_row_digests(const Table& table) {
  XXH3_state_t state;
  XXH3_INITSTATE(&state);
  std::uint64_t sum = 0;
  for (Index row = table.rows.begin; row < table.rows.end; ++row) {
    XXH3_64bits_reset(&state);
    XXH3_64bits_update(&state, &row, sizeof row);
    for (const TableColumn& column : table.columns) {
      add_value(state, column.values, static_cast<std::size_t>(row - table.rows.begin));
    }
    sum += XXH3_64bits_digest(&state);
  }
  return sum;
}

std::uint64_t columns_digest(const Table& table) {
  XXH3_state_t state;
  XXH3_INITSTATE(&state);
  XXH3_64bits_reset(&state);
  for (const TableColumn& column : table.columns) {
    add_text(state, std::string(column_type_name(column.type())));
    add_text(state, column.name);
    if (const auto* words = std::get_if<Categories>(&column.values)) {
      for (const std::string& category : words->categories) add_text(state, category);
    }
  }
  return XXH3_64bits_digest(&state);
}

std::uint64_t table_digest(const Communicator& comm, const Table& table) {
  return comm.sum(sum_of_row_digests(table)) + columns_digest(table);
}

}  // namespace rankwise
