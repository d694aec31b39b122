#pragma once
// Which users `recommend` serves: all, or those that a file lists.

#include <string>
#include <unordered_map>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/rows/ids.hpp"

namespace rankwise {

/// The ids in a file, as read_user_list reads it; every rank holds the whole list. An empty path wants every user.
class WantedUsers {
 public:
  /// Collective over comm; throws AgreedError (no_input; bad_data: an empty list).
  WantedUsers(const Communicator& comm, std::string path);

  /// How the file was read, for people; empty without a file.
  [[nodiscard]] const std::string& note() const { return note_; }

  /// Lines of the file, or records, without an id.
  [[nodiscard]] Index missing() const { return missing_; }

  /// Positions in `ids` of wanted users, ascending; remembers which of the list were found.
  [[nodiscard]] std::vector<Index> select(const Ids& ids);

  /// The listed ids that no rank has found, in the order of their first lines. Collective over comm.
  [[nodiscard]] std::vector<std::string> unknown(const Communicator& comm) const;
  /// Where the list has an id, and how it is written, for messages.
  [[nodiscard]] std::string place_of(const std::string& id) const;

 private:
  std::string path_;
  std::string note_;
  Index missing_ = 0;
  std::unordered_map<std::string, Index> lines_;  // id -> number of its first line
  std::vector<std::int64_t> found_lines_;         // by line, 1 where this rank found its id
};

}  // namespace rankwise
