#pragma once
// Lists of ids that people write by hand or take from other programs.

#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"

namespace rankwise {

struct ListedId {
  std::string id;
  Index line = 0;  ///< from 1
};

struct IdList {
  std::vector<ListedId> ids;  ///< in the order of the file, repeated ones too
  Index missing = 0;          ///< records without an id: empty, or a usual word for a missing value
  std::string note;           ///< how the file was read: "users.csv: csv with semicolons, ids = customer"
};

/// The user ids in the file at `path`: one a line, or a column of a delimited file. A first line that holds a usual
/// name of a user column, or "id", is a header, and that column is read; else the first one. Without a header
/// a line is one id as it is, so ids may hold commas, unless every line holds a tab or begins with a quoted field.
/// Quotes, blanks around ids, line ends, byte order marks, UTF-16, gzip and zstd as in logs; blank lines are passed
/// over, records without an id counted. The root reads, every rank receives all. Collective over comm; throws
/// AgreedError (no_input; bad_data: no id at all).
[[nodiscard]] IdList read_user_list(const Communicator& comm, const std::string& path);

/// Likewise item ids; a header has a usual name of an item column, or "id".
[[nodiscard]] IdList read_item_list(const Communicator& comm, const std::string& path);

}  // namespace rankwise
