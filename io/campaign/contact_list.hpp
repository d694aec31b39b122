#pragma once
// Contacts with customers, as other programs write them down.

#include <cstdint>
#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"

namespace rankwise {

/// In the order of the file; both vectors have one entry a record.
struct ContactList {
  std::vector<std::string> users;
  std::vector<std::int64_t> times_microseconds;  ///< since 1970
};

/// The delimited file at `path`, whose header has a usual name of a user column and a column `time`; other columns are
/// passed over. Times are seconds or ISO, each by its look. Compressions as in logs. The root reads, and the root alone
/// has them. Collective over comm; throws AgreedError (no_input; bad_data: FILE, line and what was expected).
[[nodiscard]] ContactList read_contacts(const Communicator& comm, const std::string& path);

}  // namespace rankwise
