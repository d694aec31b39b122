#pragma once
// The digests that a file holds: of its rows by chunks, and of all else.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/hdf5/describe_file.hpp"
#include "io/hdf5/input_check.hpp"
#include "io/hdf5/metadata_digest.hpp"
#include "io/hdf5/reader.hpp"

namespace rankwise {

struct FileDigests {
  std::vector<DigestTable> tables;  ///< of the datasets that have a sound one
  Index datasets = 0;               ///< without the tables
  std::uint64_t found_metadata = 0;
  /// Datasets without a sound table, and metadata that differ from their digest: "FILE: ...". Rows are not compared.
  std::vector<std::string> faults;
};

/// Nothing if the file does not hold both tables and the digest of its metadata. `description` is of the same file.
/// Not collective; throws Error(bad_data).
[[nodiscard]] std::optional<FileDigests> read_file_digests(const Hdf5Reader& file, const FileDescription& description);

/// Opens a file. With InputCheck::digests, and if the file has digests, its metadata are compared here, its rows by the
/// reader when they are read. Not collective; throws Error as Hdf5Reader, also bad_data for what is damaged.
[[nodiscard]] Hdf5Reader open_checked(const std::string& path, InputCheck check);

}  // namespace rankwise
