#pragma once
// Digests that tell a damaged dataset, and where: XXH3-64 over chunks of rows. The chunks depend on the row's size
// alone, so they are the same whatever ranks held the rows.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "distributed/communicator.hpp"
#include "kernels/types.hpp"

namespace rankwise {

/// Where a file keeps its digests: the table of `/users/ids` is `/digests/users/ids` (uint64, one per chunk), whose
/// attribute `rows` says how many rows make a chunk; the root's attribute `metadata-digest` covers all else.
inline const std::string digests_group = "/digests";
inline const std::string digest_rows_attribute = "rows";
inline const std::string metadata_digest_attribute = "metadata-digest";

/// Name of the table of `dataset`.
[[nodiscard]] inline std::string digest_table_name(const std::string& dataset) {
  return digests_group + dataset;
}

/// Rows of a chunk: as many as 1 MiB holds, at least one.
[[nodiscard]] Index digest_chunk_rows(Index row_bytes);

[[nodiscard]] std::uint64_t digest_of(const void* bytes, std::size_t size);

/// Digests of one dataset's chunks, from ranks that hold contiguous rows in rank order. The rows of a chunk that
/// several ranks hold travel to the one that has its first row: less than 1 MiB of each rank.
class RowDigests {
 public:
  /// `mine`: the rows that this rank will add.
  RowDigests(RowRange mine, Index row_bytes);
  ~RowDigests();
  RowDigests(const RowDigests&) = delete;
  RowDigests& operator=(const RowDigests&) = delete;

  /// The next `rows` rows, as they lie in the file. Not collective.
  void add(const void* values, Index rows);

  /// All chunks' digests, on every rank, once every rank has added its rows. Collective over comm.
  [[nodiscard]] std::vector<std::uint64_t> finish(const Communicator& comm);

 private:
  struct Stream;
  void close_chunk();

  RowRange mine_;
  Index row_bytes_;
  Index chunk_rows_;
  Index next_row_;
  std::vector<char> foreign_;  // rows of the chunk that an earlier rank begins
  std::unique_ptr<Stream> open_;
  bool is_open_ = false;
  std::vector<std::uint64_t> digests_;  // of chunks that begin here
};

}  // namespace rankwise
