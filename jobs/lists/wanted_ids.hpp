#pragma once
// Whose lists are wanted: all, or those that somebody lists.

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/rows/ids.hpp"
#include "io/log/id_list.hpp"
#include "jobs/run/report.hpp"

namespace rankwise {

/// Ids of a list, which every rank holds as a whole, or every id.
class WantedIds {
 public:
  /// Every id.
  WantedIds() = default;
  /// Those of the list. `path`: its file; empty: an option gave them, the first one as line 1.
  WantedIds(IdList list, std::string path);

  [[nodiscard]] bool are_all() const { return are_all_; }
  /// How the list was read, for people; empty without a list.
  [[nodiscard]] const std::string& note() const { return note_; }

  /// Lines of the file, or records, without an id.
  [[nodiscard]] Index missing() const { return missing_; }

  /// Positions in `ids` of wanted ones, ascending; remembers which of the list were found.
  [[nodiscard]] std::vector<Index> select(const Ids& ids);

  /// The listed ids that no rank has found, in the order of their first lines. Collective over comm.
  [[nodiscard]] std::vector<std::string> unknown(const Communicator& comm) const;
  /// Where the list has an id, and how it is written, for messages.
  [[nodiscard]] std::string place_of(const std::string& id) const;

 private:
  bool are_all_ = true;
  std::string path_;
  std::string note_;
  Index missing_ = 0;
  std::unordered_map<std::string, Index> lines_;  // id -> number of its first line
  std::vector<std::int64_t> found_lines_;         // by line, 1 where this rank found its id
};

/// Says how the list of an option was read, and which of its lines have no id.
void tell_reading(Report& report, const WantedIds& wanted, std::string_view option);

}  // namespace rankwise
