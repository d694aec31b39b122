#pragma once
// The rows of a dataset in chunks that depend on the row's size alone, hence are the same whatever ranks hold the rows.

#include <functional>
#include <string>
#include <string_view>

#include "distributed/comm/communicator.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Rows of a chunk: as many as 1 MiB holds, at least one.
[[nodiscard]] Index rows_per_chunk(Index row_bytes);

/// From ranks that hold contiguous rows in rank order to whole chunks. The rows of a chunk that several ranks hold
/// travel to the one that has its first row: less than 1 MiB of each rank.
class RowChunks {
 public:
  /// `mine`: the rows that this rank will add. `take` gets each chunk that begins here, in order; its bytes are gone
  /// after the call.
  RowChunks(RowRange mine, Index row_bytes, std::function<void(std::string_view bytes)> take);

  /// The next `rows` rows, as they lie in the file. Not collective.
  void add(const void* values, Index rows);

  /// Once every rank has added its rows. Collective over comm.
  void finish(const Communicator& comm);

 private:
  void take_open();

  RowRange mine_;
  Index row_bytes_;
  Index chunk_rows_;
  Index next_row_;
  std::function<void(std::string_view)> take_;
  std::string foreign_;  // rows of the chunk that an earlier rank begins
  std::string open_;     // of the last chunk that begins here, until it is whole
};

}  // namespace rankwise
