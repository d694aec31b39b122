#pragma once
// Digests that tell a damaged dataset, and where: XXH3-64 over chunks of rows (io/hdf5/row_chunks.hpp).

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/base/types.hpp"

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

/// The digests of one dataset's chunks, as its table holds them.
struct DigestTable {
  std::string dataset;
  Index chunk_rows = 1;
  std::vector<std::uint64_t> digests;
};

[[nodiscard]] std::uint64_t digest_of(std::string_view bytes);

}  // namespace rankwise
