#pragma once
// Tables of items and users as people export them: csv, tsv or JSON lines, a row for each id.

#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/tables/table.hpp"
#include "io/tables/table_choice.hpp"
#include "io/text/missing_values.hpp"

namespace rankwise {

struct TableSource {
  TableSide side = TableSide::items;
  std::string path = {};
  TableColumns columns = {};
  ColumnTypes types = {};  ///< of the others the look says
  MissingValues missing_values = MissingValues();
};

struct TableText {
  ListedTable table;               ///< on the root; empty on other ranks
  std::string note;                ///< root: "items.csv: csv, id = product_id"
  std::vector<std::string> lists;  ///< root: keys of JSON that are left out, since they hold lists
};

/// The whole file at `source.path`: a header (or keys of JSON), then rows of as many fields, each with an id that no
/// other row has. Delimiters, quotes, blanks, encodings and compressions as in logs. The root reads. Collective over
/// comm; throws AgreedError (no_input; usage: columns are not found or named; bad_data, with the line).
[[nodiscard]] TableText read_table(const Communicator& comm, const TableSource& source);

}  // namespace rankwise
