#pragma once
// Lists as values, on their way into a file: of items for users, or of what is similar to each item or user.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/ranking/explanation.hpp"
#include "distributed/rows/ids.hpp"
#include "jobs/lists/list_filling.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Whose lists they are, and of what.
enum class ListKind { recommendations, similar_items, similar_users, segment_recommendations };

/// How files name a kind of list (docs/FORMATS.md).
struct ListWords {
  std::string_view owner;         ///< of a list: "user"
  std::string_view owners_group;  ///< of their ids in HDF5: "/users"
  std::string_view group;         ///< of the lists in HDF5: "/recommendations"
  std::string_view column;        ///< of CSV: "item"
  std::string_view objects;       ///< of a JSON line: "items"
  std::string_view entry;         ///< an entry of one: "item"
  std::string_view entries;       ///< their ids in HDF5: "items"
};

[[nodiscard]] const ListWords& list_words(ListKind kind);

/// Whether lists of this kind say what they were made from.
[[nodiscard]] bool has_sources(ListKind kind);

/// The segment of an owner who has none.
inline constexpr std::int32_t no_segment = -1;

/// The lists of some of this rank's owners, in their order.
struct Lists {
  Ids owners;
  std::vector<ListSource> sources;  ///< of each owner
  std::vector<ListEnd> ends;        ///< of each owner
  std::vector<Index> rows;          ///< of each user served, the row; -1: nobody has it; empty if nobody asks for them
  std::vector<std::int32_t> segments;  ///< of each user, or no_segment; empty if there are no segments
  std::vector<Index> offsets{0};
  std::vector<Index> items;  ///< of each entry, the row; of users in lists of similar users
  std::vector<float> scores;
  std::vector<double> probabilities;         ///< of each entry, NaN: not known; empty if nobody asks for them
  std::vector<std::vector<Reason>> reasons;  ///< of each entry, largest first; empty if nobody asks for them
  double largest_gap = 0;                    ///< by which an entry's terms are off its score

  /// Adds an owner's list, whose id, row and segment the caller adds.
  void append(const List& list, float score_offset);
  /// Adds lists with their ids, which become texts unless all are integers.
  void append(const Lists& more);
};

/// Throws AgreedError(bad_data) for a score that is not finite; `model`: its path, `owner`: what has lists, for the
/// message. Collective over comm.
void require_finite(const Communicator& comm, const std::string& model, std::string_view owner, const Lists& lists);

}  // namespace rankwise
