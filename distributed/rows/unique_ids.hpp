#pragma once
// Whether ids name one row each.

#include <cstdint>
#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/rows/id_rows.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Takes the ids of one or several tables in any blocks on any ranks, and finds two rows with one id. Holds 32 bytes an
/// id, twice while require_unique() runs, shared out over the ranks.
class UniqueIds {
 public:
  /// `tables`: what they are called in an error, "FILE: /users/ids".
  UniqueIds(const Communicator& comm, std::vector<std::string> tables);

  /// Rows of the table with this number. Throws Error(bad_data) for an id that is not well-formed UTF-8. Not
  /// collective.
  void add(std::size_t table, const IdRows& ids);

  /// Throws AgreedError(bad_data) that names the first row whose id an earlier row has, too. Collective over comm.
  void require_unique() const;

 private:
  /// An id, by its XXH3-128: two ids with the same one are not to be expected among 10^15.
  struct Place {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    Index table = 0;
    Index row = 0;
  };
  void add(std::size_t table, Index row, const void* bytes, std::size_t size);

  const Communicator* comm_;
  std::vector<std::string> tables_;
  std::vector<Place> places_;
};

}  // namespace rankwise
