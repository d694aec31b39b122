#pragma once
// The manifest of lists in several files: which files belong together, and what they were made from (docs/FORMATS.md).

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/dataset/blend_attributes.hpp"
#include "io/dataset/provenance.hpp"
#include "jobs/recommend/files/file_family.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// One of the files, complete.
struct ListedFile {
  std::string name;  ///< without its folder
  std::optional<std::int32_t> segment = {};
  Index users = 0;
  Index rows = 0;  ///< items of all lists
  Index bytes = 0;
  std::uint64_t digest = 0;  ///< XXH3-64 of its bytes
};

struct ListManifest {
  Provenance provenance;
  FileSplit split = FileSplit::segments;
  std::vector<BlendPart> models;
  std::string segments_file;  ///< without its folder; empty: none
  std::uint64_t segments_digest = 0;
  std::vector<ListedFile> files;
};

/// JSON, with a line break at its end.
[[nodiscard]] std::string manifest_json(const ListManifest& manifest);

/// The names of the files of the manifest at `path`; none if there is no such file, or if it is not one of these
/// manifests. Throws Error(io_error).
[[nodiscard]] std::vector<std::string> files_of_manifest(const std::string& path);

}  // namespace rankwise
