#pragma once
// A table of users beside a dataset: its own, or that of another file.

#include <optional>
#include <string>

#include "distributed/comm/communicator.hpp"
#include "distributed/rows/id_rows.hpp"
#include "distributed/tables/table.hpp"
#include "io/hdf5/input_check.hpp"

namespace rankwise {

/// This rank's rows, by count, and whose they are.
struct UserTable {
  IdRows ids;
  Table table;
};

/// The table of users of a dataset or of a file that holds one alone, users held out whole behind the others.
/// Collective over comm; throws AgreedError (no_input; bad_data: the file has none).
[[nodiscard]] UserTable read_users(const Communicator& comm, const std::string& path, InputCheck check);

/// The rows of `users` that belong to `ids`, in their order; missing values where there is none. `found`: how many of
/// all ranks' ids have a row. Collective over comm.
struct MatchedTable {
  Table table;
  Index found = 0;
};
[[nodiscard]] MatchedTable match_users(const Communicator& comm, const UserTable& users, const IdRows& ids);

}  // namespace rankwise
