#pragma once
// Lists of users with one item each, as other programs write them.

#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"

namespace rankwise {

/// In the order of the file, repeated ones too; all vectors have one entry a record.
struct PairList {
  std::vector<std::string> users;
  std::vector<std::string> items;
  std::vector<Index> lines;  ///< from 1
};

/// The pairs in the delimited file at `path`, whose header has usual names of a user and of an item column; other
/// columns are passed over. Quotes, line ends, byte order marks, UTF-16, gzip and zstd as in logs. The root reads, and
/// the root alone has them. Collective over comm; throws AgreedError (no_input; bad_data: FILE:LINE and what was
/// expected).
[[nodiscard]] PairList read_pair_list(const Communicator& comm, const std::string& path);

}  // namespace rankwise
