#pragma once
// Tables of items and users as people export them: csv, tsv or JSON lines, a row for each id.

#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>
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
  std::unordered_set<std::string> forgotten = {};  ///< ids whose rows have no say in anything
  /// What ids are called in the dataset; empty: as in the file. With it, no other column may hold the ids.
  std::function<std::string(std::string_view)> name_of = {};
};

struct TableText {
  ListedTable table;               ///< on the root; empty on other ranks
  std::string note;                ///< root: "items.csv: csv, id = product_id"
  Index forgotten_rows = 0;        ///< root
  std::vector<std::string> lists;  ///< root: keys of JSON that are left out, since they hold lists
};

/// The whole file at `source.path`: a header (or keys of JSON), then rows of as many fields, each with an id that no
/// other row has. Delimiters, quotes, blanks, encodings and compressions as in logs. The root reads. Collective over
/// comm; throws AgreedError (no_input; usage: columns are not found or named; bad_data, with the line).
[[nodiscard]] TableText read_table(const Communicator& comm, const TableSource& source);

}  // namespace rankwise
