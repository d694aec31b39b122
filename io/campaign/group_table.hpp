#pragma once
// Groups of customers as somebody else's campaign has them: a table with a row a customer.

#include <cstdint>
#include <string>
#include <vector>

#include "distributed/campaign/assignment.hpp"

namespace rankwise {

/// In the order of the file. A column that the table does not have is empty.
struct GroupTable {
  std::vector<std::string> users;  ///< each once
  std::vector<CustomerGroup> groups;
  std::vector<std::string> segments;  ///< empty: in none
  std::vector<std::string> offers;    ///< empty: none
  std::vector<std::int64_t> begins;   ///< of each customer's outcomes, microseconds since 1970
};

/// False of an HDF5 file. Local; throws Error (no_input, io_error) that names the file.
[[nodiscard]] bool is_group_table(const std::string& path);

/// A text file with a header: a usual name of a user column, `group` (treated, control, global_control), and perhaps
/// `segment`, `offer` and `time`. Local; throws Error (no_input, io_error; bad_data: file, line and what was expected).
[[nodiscard]] GroupTable read_group_table(const std::string& path);

}  // namespace rankwise
