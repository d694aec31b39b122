#pragma once
// Whether the files of a manifest (`recommend --split-by-segment`, `--shards`; docs/FORMATS.md) are as they were
// written.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "io/hdf5/verify_digests.hpp"

namespace rankwise {

/// The `kind` of such a manifest.
inline constexpr std::string_view list_files_kind = "list-files";
/// What follows the lists' name in the name of their manifest.
inline constexpr std::string_view manifest_ending = ".manifest.json";

/// Whether the name is that of a manifest. Local.
[[nodiscard]] bool is_manifest_name(std::string_view path);

/// A file as the manifest describes it.
struct DescribedFile {
  std::string name;  ///< without its folder, which is the manifest's
  std::uintmax_t bytes = 0;
  std::string digest;  ///< XXH3-64 of its bytes, sixteen hexadecimal digits
};

/// The files of a manifest. Local; throws Error: no_input (no such file), bad_data (it is no such manifest).
[[nodiscard]] std::vector<DescribedFile> read_list_manifest(const std::string& path);

/// Reads each file that the manifest names once, shared out over the ranks, and compares its size and digest; a file
/// that is not there is a fault. `datasets` are files. Collective over comm; throws AgreedError if there is nothing to
/// compare: no_input (no such manifest), bad_data (it is none), io_error (a file cannot be read).
[[nodiscard]] Verification check_listed_files(const Communicator& comm, const std::string& path);

}  // namespace rankwise
