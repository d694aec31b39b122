#pragma once
// Small tables of a sample dataset, whose content is a pure function of global row numbers.

#include <limits>
#include <string>
#include <utility>

#include "io/dataset/dataset_tables.hpp"
#include "tests/io/sample_files.hpp"

namespace rankwise {

/// One column of each type. `first` is added to row numbers; every fourth row has no values.
inline Table sample_table(const IdRows& ids, Index first = 0) {
  Categories brand{{}, {"Ash", "Elm", "Oak"}};
  Numbers price;
  Texts title;
  for (Index row = first + ids.rows.begin; row < first + ids.rows.end; ++row) {
    const bool is_missing = row % 4 == 3;
    brand.codes.push_back(is_missing ? Categories::missing : static_cast<std::int32_t>(row % 3));
    price.push_back(is_missing ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(row) / 4);
    title.push_back(is_missing ? std::string() : "Stück " + std::to_string(row * row));
  }
  Table table{ids.rows, ids.total_rows, {}};
  table.columns.push_back({"brand", std::move(brand)});
  table.columns.push_back({"price", std::move(price)});
  table.columns.push_back({"title", std::move(title)});
  return table;
}

/// Users held out whole follow the others.
inline DatasetTables sample_tables(const Dataset& dataset) {
  DatasetTables tables;
  tables.items = sample_table(dataset.items);
  tables.users = sample_table(dataset.users);
  if (dataset.heldout_users) tables.heldout_users = sample_table(dataset.heldout_users->ids, dataset.users.total_rows);
  return tables;
}

inline void write_dataset_with_tables(const Communicator& comm, const std::string& path, const Dataset& dataset) {
  write_dataset(comm, path, dataset, sample_provenance(), 0, sample_tables(dataset));
}

}  // namespace rankwise
