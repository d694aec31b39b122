#pragma once
// Which users `recommend` serves: all, or those that a file lists.

#include <string>
#include <unordered_map>
#include <vector>

#include "distributed/communicator.hpp"
#include "io/ids.hpp"

namespace rankwise {

/// The ids in a file, as read_user_list reads it; every rank holds the whole list. An empty path wants every user.
class WantedUsers {
 public:
  /// Collective over comm; throws AgreedError (no_input; bad_data: an empty list).
  WantedUsers(const Communicator& comm, std::string path);

  /// How the file was read, for people; empty without a file.
  [[nodiscard]] const std::string& note() const { return note_; }

  /// Positions in `ids` of wanted users, ascending; remembers which of the list were found.
  [[nodiscard]] std::vector<Index> select(const Ids& ids);

  /// Throws AgreedError(bad_data) with the line of the first id that no rank has found. Collective over comm.
  void require_all_found(const Communicator& comm) const;

 private:
  std::string path_;
  std::string note_;
  std::unordered_map<std::string, Index> lines_;  // id -> number of its first line
  std::vector<std::int64_t> found_lines_;         // by line, 1 where this rank found its id
};

}  // namespace rankwise
